// What the tests of recordings share: controls whose folders outlive them, and live broadcasts with real video.
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RecordingResource } from '../../../apps/control/api/recording-schemas.ts'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { startControl, type TestControl, type TestControlOptions } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'
import { call, createStream, goLive, put } from './api.ts'
import { HlsWriter } from './hls-writer.ts'

/** Several runs of ffmpeg, which has the lowest priority, on a busy machine. */
export const FINALIZED_MS = 40_000

export interface Broadcast {
  readonly issued: IssuedStreamResource
  readonly hls: HlsWriter
  /** The contents of each segment. */
  readonly segment: Buffer
  /** Where its recording is stored. */
  readonly folder: string
}

export interface NodeOptions extends TestControlOptions {
  /** Its NODE_ID, and the name of its folders: a second control with the same name finds what the first left. */
  readonly node?: string
}

export class RecordingFixture implements AsyncDisposable {
  readonly root: string
  readonly database: TestDatabase
  /** Three seconds of ffmpeg's test video with sound, as a segment. */
  readonly segment: Buffer
  #nodes = 0

  private constructor(root: string, database: TestDatabase, segment: Buffer) {
    this.root = root
    this.database = database
    this.segment = segment
  }

  static async create(): Promise<RecordingFixture> {
    const segment = execFileSync('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=15', '-f', 'lavfi', '-i', 'sine'],
      ...['-t', '3', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
      ...['-f', 'mpegts', 'pipe:1'],
    ])
    const root = await mkdtemp(join(tmpdir(), 'recorder-'))
    return new RecordingFixture(root, await createTestDatabase(), segment)
  }

  /** A NODE_ID that no other node of the fixture has. */
  newNode(): string {
    this.#nodes += 1
    return `node-${this.#nodes}`
  }

  start({ node = this.newNode(), ...options }: NodeOptions = {}): Promise<TestControl> {
    return startControl({
      database: this.database,
      media: true,
      hlsDir: join(this.root, node, 'hls'),
      recordingsDir: join(this.root, node, 'recordings'),
      ...options,
      env: { NODE_ID: node, PUBLIC_URL: `http://${node}.example`, ...options.env },
    })
  }

  /** A live stream whose first segment is stored. */
  async broadcast(control: TestControl): Promise<Broadcast> {
    const issued = await createStream(control, { title: 'recorded', record: true })
    const hls = new HlsWriter(control.hlsDir, issued.id)
    await hls.segment(this.segment)
    await goLive(control, issued)
    const folder = join(control.recordingsDir, issued.id)
    await until('the first segment', async () => (await segmentsIn(folder)).length === 1)
    return { issued, hls, folder, segment: this.segment }
  }

  /** A node that was stopped while its broadcast, of which it has stored one segment, was live. */
  async stoppedWhileLive(): Promise<{ node: string; live: Broadcast }> {
    const node = this.newNode()
    await using control = await this.start({ node })
    return { node, live: await this.broadcast(control) }
  }

  /** The types of a recording's events, in order. */
  async eventTypes(id: string): Promise<unknown[]> {
    const sql = "SELECT type FROM events WHERE stream_id = ? AND type LIKE 'recording.%' ORDER BY id"
    return (await this.database.query(sql, [id])).map((row) => row.type)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database[Symbol.asyncDispose]()
    await rm(this.root, { recursive: true })
  }
}

/** Makes the storage fail for one recording, until the returned function is called. */
export async function breakStorage({ folder }: Broadcast): Promise<() => Promise<void>> {
  await rename(folder, `${folder}.away`)
  await writeFile(folder, 'a file where the folder was')
  return async () => {
    await rm(folder)
    await rename(`${folder}.away`, folder)
  }
}

/** Ends a stream, and reports that nginx has written its last segment. */
export async function end(control: TestControl, { issued }: Pick<Broadcast, 'issued'>): Promise<void> {
  await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
  await put(control, issued.id, { kind: 'playlist-closed', nodeId: control.context.config.nodeId })
}

/** The names of the stored segments; empty when there is no such folder. */
export async function segmentsIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.ts'))
}

/** Waits until the folder has this many stored segments. */
export async function hasSegments(folder: string, count: number): Promise<void> {
  await until(`${count} stored segments`, async () => (await segmentsIn(folder)).length === count)
}

/** Waits until a recording's files are removed. */
export async function isRemoved(control: TestControl, id: string): Promise<void> {
  await until('its folder to be gone', async () => !(await readdir(control.recordingsDir)).includes(id))
}

/** The recording as the API shows it; null: there is none. */
export async function recordingOf(control: TestControl, id: string): Promise<RecordingResource | null> {
  const { status, body } = await call<RecordingResource>(control, `/v1/streams/${id}/recording`)
  return status === 200 ? body : null
}

/** Waits until a recording has this status. */
export async function reaches(control: TestControl, id: string, status: string): Promise<RecordingResource> {
  const look = async () => {
    const recording = await recordingOf(control, id)
    return recording?.status === status && recording
  }
  return until(`a recording that is ${status}`, look, FINALIZED_MS)
}
