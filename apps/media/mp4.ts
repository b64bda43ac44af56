// Joins a recording's segments into one MP4, without encoding them again.
import { open, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { MP4 } from '../control/domain/recording-files.ts'
import type { Ffmpeg, RunOptions } from './ffmpeg.ts'

/** How much ffmpeg reads, in microseconds and bytes, to find a track that begins late. It holds what it reads in memory. */
const ANALYSIS = ['-analyzeduration', '30000000', '-probesize', '30000000']

const Probed = z.object({
  streams: z.array(
    z.object({
      codec_type: z.enum(['video', 'audio']),
      codec_name: z.string(),
      width: z.number().default(0),
      sample_rate: z.coerce.number().default(0),
    }),
  ),
})

/** An ffmpeg that takes a text in a segment's place for a list would open the files it names. */
const ONLY_THESE = ['-format_whitelist', 'concat,hls,mpegts', '-codec_whitelist', 'h264,aac']
const SYNC = 0x47

export interface SegmentFile {
  readonly path: string
  readonly durationMs: number
}

export interface Mp4Options {
  readonly ffmpeg: Ffmpeg
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/**
 * Timestamps start again with each run, so ffmpeg's concat demuxer joins the runs, each as long as its segments
 * say. One playlist for all of them would not work: ffmpeg corrects only jumps of 10 s and more.
 * @param runs at least one
 * @param folder where to work; what an earlier attempt has left there is replaced
 * @returns the path of the MP4, in that folder
 * @throws when the publishers sent different kinds of tracks, which one MP4 cannot hold, or a segment is none
 */
export async function makeMp4(
  runs: readonly (readonly SegmentFile[])[],
  folder: string,
  { ffmpeg, signal, timeoutMs }: Mp4Options,
): Promise<string> {
  const files = runs.flat().map(({ path }) => path)
  for (const path of files) await requireSegment(path)
  const read = [...new Set(files.map(dirname))].filter((parent) => parent !== folder)
  const options = { signal, timeoutMs, access: { read, write: [folder] } }
  const lists = await Promise.all(
    runs.map(async (run, index) => {
      const path = join(folder, `run-${index}.m3u8`)
      await writeFile(path, listOf(run))
      return path
    }),
  )
  const tracks = await tracksOf(ffmpeg, lists, options)
  const list = join(folder, 'runs.txt')
  await writeFile(list, ['ffconcat version 1.0', ...lists.map((path) => `file '${path}'`), ''].join('\n'))
  const path = join(folder, MP4)
  await ffmpeg.run(
    'ffmpeg',
    [
      ...['-y', ...ONLY_THESE, ...ANALYSIS, '-f', 'concat', '-safe', '0', '-i', list],
      ...tracks.flatMap(({ type }) => ['-map', `0:${type[0]}:0`]),
      ...['-c', 'copy', '-movflags', '+faststart', '-f', 'mp4', path],
    ],
    options,
  )
  return path
}

interface Track {
  readonly type: 'video' | 'audio'
  readonly codec: string
}

/**
 * The tracks that the runs hold. nginx lists video and audio in every segment, also when the publisher sends only
 * one of them: a track without a packet has no width or sample rate, and ffmpeg makes no MP4 with it.
 * @throws when not all runs have the same
 */
async function tracksOf(
  ffmpeg: Ffmpeg,
  lists: readonly string[],
  options: RunOptions,
): Promise<readonly Track[]> {
  const found = new Map<string, readonly Track[]>()
  for (const list of lists) {
    const fields = 'stream=codec_type,codec_name,width,sample_rate'
    const text = await ffmpeg.run(
      'ffprobe',
      [...ONLY_THESE, ...ANALYSIS, '-show_entries', fields, '-of', 'json', list],
      options,
    )
    const tracks = Probed.parse(JSON.parse(text.toString()))
      .streams.filter(({ width, sample_rate }) => width > 0 || sample_rate > 0)
      .map(({ codec_type: type, codec_name: codec }) => ({ type, codec }))
      .sort((a, b) => b.type.localeCompare(a.type))
    found.set(tracks.map(({ codec }) => codec).join(' and ') || 'nothing', tracks)
  }
  if (found.size > 1) throw new Error(`the publishers sent different tracks: ${[...found.keys()].join('; ')}`)
  return found.values().next().value ?? []
}

/** nginx writes nothing else, but not everything in the folder needs to be its work. */
async function requireSegment(path: string): Promise<void> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, 0)
  if (bytesRead !== 1 || buffer[0] !== SYNC) throw new Error('a segment is not MPEG-TS')
}

/** A run as a playlist of file paths, which only ffmpeg reads. */
function listOf(run: readonly SegmentFile[]): string {
  const longestS = Math.ceil(Math.max(...run.map(({ durationMs }) => durationMs)) / 1000)
  const entries = run.flatMap(({ durationMs, path }) => [`#EXTINF:${durationMs / 1000},`, path])
  const head = ['#EXTM3U', '#EXT-X-VERSION:3', `#EXT-X-TARGETDURATION:${longestS}`, '#EXT-X-MEDIA-SEQUENCE:0']
  return [...head, ...entries, '#EXT-X-ENDLIST', ''].join('\n')
}
