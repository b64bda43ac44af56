// Writes a stream's playlist and segments as nginx-rtmp does: segments in place, the playlist renamed.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export class HlsWriter {
  readonly directory: string
  readonly #entries: { name: string; discontinuity: boolean }[] = []
  #startedAtMs: number
  readonly #segmentMs: number

  /** @param hlsDir HLS_DIR */
  constructor(hlsDir: string, streamId: string, startedAtMs = Date.now(), segmentMs = 3_000) {
    this.directory = join(hlsDir, streamId)
    this.#startedAtMs = startedAtMs
    this.#segmentMs = segmentMs
  }

  /** Writes a segment and lists it. @returns its file name */
  async segment(contents: string | Buffer, discontinuity = this.#entries.length === 0): Promise<string> {
    const name = `${this.#startedAtMs}.ts`
    this.#startedAtMs += this.#segmentMs
    await mkdir(this.directory, { recursive: true })
    await writeFile(join(this.directory, name), contents)
    this.#entries.push({ name, discontinuity })
    await this.#list()
    return name
  }

  /** Lets time pass without a segment. */
  skip(ms: number): void {
    this.#startedAtMs += ms
  }

  /** Removes a segment's file, as nginx's cleanup does. */
  async lose(name: string): Promise<void> {
    await rm(join(this.directory, name))
  }

  async #list(): Promise<void> {
    const lines = this.#entries.flatMap(({ name, discontinuity }) => [
      ...(discontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
      `#EXTINF:${(this.#segmentMs / 1000).toFixed(3)},`,
      name,
    ])
    const head = [
      '#EXTM3U',
      '#EXT-X-VERSION:3',
      '#EXT-X-MEDIA-SEQUENCE:0',
      `#EXT-X-TARGETDURATION:${this.#segmentMs / 1000}`,
    ]
    const path = join(this.directory, 'index.m3u8')
    await writeFile(`${path}.bak`, [...head, ...lines, ''].join('\n'))
    await rename(`${path}.bak`, path)
  }
}
