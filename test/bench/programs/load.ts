// Writes the files of many live streams as nginx-rtmp does: each segment grows many times a second, and
// every few seconds a new one begins and the playlist is renamed into place. Bytes are few: what costs a
// watcher is events, and a disk full of noise would slow the database down that is measured.
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { playlistText } from './playlist-text.ts'
import { serve } from './serve.ts'

const APPENDS_A_SECOND = 30
const SEGMENT_SECONDS = 3
const KEPT_SEGMENTS = 4
/** A tick serves this share of the streams, so that the load is even. */
const SLICES = 10
/** One MPEG-TS packet, as nginx-rtmp writes them. */
const PACKET = Buffer.alloc(188, 0x47)

class WrittenStream {
  readonly #folder: string
  /** Without a playlist: a stream whose first one is still to come. */
  readonly #withPlaylist: boolean
  #segment: number
  #descriptor: number
  #appendsLeft: number

  constructor(folder: string, withPlaylist: boolean, phase: number) {
    this.#folder = folder
    this.#withPlaylist = withPlaylist
    this.#segment = 0
    mkdirSync(folder, { recursive: true })
    this.#descriptor = this.#open()
    // Not all of them begin a segment at the same moment.
    this.#appendsLeft = 1 + Math.floor(phase * APPENDS_A_SECOND * SEGMENT_SECONDS)
    if (withPlaylist) this.#replacePlaylist()
  }

  append(): void {
    writeSync(this.#descriptor, PACKET)
    if (--this.#appendsLeft > 0 || !this.#withPlaylist) return
    this.#appendsLeft = APPENDS_A_SECOND * SEGMENT_SECONDS
    closeSync(this.#descriptor)
    this.#segment += 1
    this.#descriptor = this.#open()
    this.#replacePlaylist()
    rmSync(this.#path(this.#segment - KEPT_SEGMENTS), { force: true })
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #open(): number {
    return openSync(this.#path(this.#segment), 'a')
  }

  #path(segment: number): string {
    return join(this.#folder, `${segment}.ts`)
  }

  #replacePlaylist(): void {
    const path = join(this.#folder, 'index.m3u8')
    writeFileSync(`${path}.bak`, playlistText(this.#segment))
    renameSync(`${path}.bak`, path)
  }
}

let live: WrittenStream[] = []
let awaited: WrittenStream[] = []
let slice = 0
let due = performance.now()

function tick(): void {
  // Late ticks are made up for, so that the load is what it says.
  for (; due <= performance.now(); due += 1_000 / (APPENDS_A_SECOND * SLICES)) {
    for (const streams of [live, awaited]) {
      for (let index = slice; index < streams.length; index += SLICES) streams[index]?.append()
    }
    slice = (slice + 1) % SLICES
  }
}

function begin(folders: readonly string[], withPlaylist: boolean): WrittenStream[] {
  return folders.map((folder, index) => new WrittenStream(folder, withPlaylist, index / folders.length))
}

const calls = {
  /** Writes whole live streams into these folders from now on. */
  live(folders: readonly string[]): void {
    live = begin(folders, true)
    due = performance.now()
    setInterval(tick, 3)
  },
  /** Writes first segments, whose playlists somebody else will bring, into these instead of those before. */
  awaited(folders: readonly string[]): void {
    for (const stream of awaited) stream.close()
    awaited = begin(folders, false)
  },
}

export type LoadProgram = typeof calls
serve(calls)
