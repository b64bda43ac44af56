// Writes a stream's playlist and segments as nginx-rtmp does: segments in place, the playlist renamed.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const SEGMENT_MS = 3_000

export class HlsWriter {
  readonly directory: string
  readonly #entries: { name: string; discontinuity: boolean }[] = []
  #startedAtMs: number

  /** @param hlsDir HLS_DIR */
  constructor(hlsDir: string, streamId: string, startedAtMs = Date.now()) {
    this.directory = join(hlsDir, streamId)
    this.#startedAtMs = startedAtMs
  }

  /** Finishes a segment and lists it. @returns its name */
  async segment(contents: string | Buffer, discontinuity = this.#entries.length === 0): Promise<string> {
    const name = `${this.#startedAtMs}.ts`
    this.#startedAtMs += SEGMENT_MS
    await mkdir(this.directory, { recursive: true })
    await writeFile(join(this.directory, name), contents)
    this.#entries.push({ name, discontinuity })
    await this.#list()
    return name
  }

  /** Takes a segment's file away, as nginx's cleanup does. */
  async lose(name: string): Promise<void> {
    await rm(join(this.directory, name))
  }

  async #list(): Promise<void> {
    const lines = this.#entries.flatMap(({ name, discontinuity }) => [
      ...(discontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
      `#EXTINF:${(SEGMENT_MS / 1000).toFixed(3)},`,
      name,
    ])
    const head = ['#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-MEDIA-SEQUENCE:0', '#EXT-X-TARGETDURATION:3']
    const path = join(this.directory, 'index.m3u8')
    await writeFile(`${path}.bak`, [...head, ...lines, ''].join('\n'))
    await rename(`${path}.bak`, path)
  }
}
