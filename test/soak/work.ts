// The work of a soak: broadcasts that come and go at a steady rate, most of them without video (hooks and
// playlists alone), a few with a real encoder and a recording; and readers of events.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Encoder } from '../support/encoder.ts'
import { SseReader } from '../support/sse.ts'
import type { IssuedAnswer, TestStack } from '../support/stack.ts'

/** Shorter than control waits before it misses a publisher in nginx: these publishers are not in nginx. */
const SILENT_BROADCAST_MS = 2_000
/** nginx removes old directories after hours; the soak does so after seconds, once control is through with them. */
const REMOVE_AFTER_MS = 15_000
const ENCODER_BROADCAST_MS = 20_000
const READERS = 40

export interface Done {
  broadcasts: number
  encoderBroadcasts: number
  readers: number
  /** What was answered with anything but success, by what it was. */
  readonly failures: Map<string, number>
}

export class Work {
  readonly done: Done = { broadcasts: 0, encoderBroadcasts: 0, readers: 0, failures: new Map() }
  readonly #stack: TestStack
  readonly #signal: AbortSignal
  readonly #running = new Set<Promise<void>>()
  #clientId = 1_000_000

  constructor(stack: TestStack, signal: AbortSignal) {
    this.#stack = stack
    this.#signal = signal
  }

  /** Works until the signal aborts, and until what was begun is over. */
  async run(broadcastsPerSecond: number, encoders: number): Promise<void> {
    const loops = [
      this.#repeat(1_000 / broadcastsPerSecond, () => this.#silentBroadcast()),
      ...Array.from({ length: encoders }, () => this.#inTurn(() => this.#encoderBroadcast())),
      ...Array.from({ length: READERS }, (_, index) => this.#inTurn(() => this.#reader(index))),
    ]
    await Promise.all(loops)
    await Promise.all(this.#running)
  }

  /** Begins a piece of work every so often, whether or not the one before is over. */
  async #repeat(everyMs: number, work: () => Promise<void>): Promise<void> {
    let next = performance.now()
    while (!this.#signal.aborted) {
      const running = this.#attempt(work).finally(() => this.#running.delete(running))
      this.#running.add(running)
      next += everyMs
      await delay(Math.max(0, next - performance.now()))
    }
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#attempt(work)
      await delay(100)
    }
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      this.done.failures.set(what, (this.done.failures.get(what) ?? 0) + 1)
    }
  }

  /** Of ten: seven end by their owner, one loses its publisher for good, one never gets one, one comes back. */
  async #silentBroadcast(): Promise<void> {
    const kind = this.done.broadcasts++ % 10
    const { id, streamKey } = await this.#stack.create({ title: `soak ${this.done.broadcasts}` })
    if (kind === 0) return
    const key = streamKey.value
    await this.#session(id, key, 0)
    if (kind === 1) return this.#removeLater(id)
    if (kind === 2) {
      await delay(500)
      await this.#session(id, key, 1)
    }
    await this.#expect('end', await this.#stack.manage(id, 'end', key), 200)
    await this.#removeLater(id)
  }

  /** One publisher without video: the hooks, and the playlist that nginx would write. */
  async #session(id: string, key: string, segment: number): Promise<void> {
    const clientId = this.#clientId++
    await this.#hook('on_publish', 'publish', key, clientId, 302)
    await this.#writePlaylist(id, segment)
    await delay(SILENT_BROADCAST_MS)
    await this.#hook('on_publish_done', 'publish_done', key, clientId, 204)
  }

  async #hook(name: string, call: string, key: string, clientId: number, expected: number): Promise<void> {
    const response = await fetch(`${this.#stack.hooksUrl}/hooks/nginx/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-onair-nginx': 'soak' },
      body: new URLSearchParams({
        app: 'live',
        addr: '127.0.0.1',
        clientid: String(clientId),
        call,
        name: key,
      }),
      redirect: 'manual',
    })
    await this.#expect(name, response, expected)
  }

  async #expect(what: string, response: Response, status: number): Promise<void> {
    await response.body?.cancel()
    if (response.status !== status) throw new Error(`${what} was answered with ${response.status}`)
  }

  async #writePlaylist(id: string, segment: number): Promise<void> {
    const folder = join(this.#stack.hlsDir, id)
    await mkdir(folder, { recursive: true })
    const name = `${Date.now()}.ts`
    await writeFile(join(folder, name), Buffer.alloc(188 * 10))
    const lines = [
      '#EXTM3U',
      '#EXT-X-VERSION:3',
      `#EXT-X-MEDIA-SEQUENCE:${segment}`,
      '#EXT-X-TARGETDURATION:3',
    ]
    await writeFile(join(folder, 'index.m3u8.bak'), `${[...lines, '#EXTINF:3.000,', name].join('\n')}\n`)
    await rename(join(folder, 'index.m3u8.bak'), join(folder, 'index.m3u8'))
  }

  async #removeLater(id: string): Promise<void> {
    await delay(REMOVE_AFTER_MS)
    await rm(join(this.#stack.hlsDir, id), { recursive: true, force: true })
  }

  /** A real broadcast that is recorded; its recording is deleted once it is ready. */
  async #encoderBroadcast(): Promise<void> {
    const issued = await this.#stack.create({ title: 'soak with video', record: true })
    await using encoder = new Encoder(`${this.#stack.rtmpUrl}/${issued.streamKey.value}`)
    await this.#stack.reaches(issued.id, 'live', 30_000)
    await delay(ENCODER_BROADCAST_MS, undefined, { signal: this.#signal }).catch(() => {})
    await encoder.stop()
    await this.#expect('end', await this.#stack.manage(issued.id, 'end', issued.streamKey.value), 200)
    await this.#deleteRecording(issued)
    this.done.encoderBroadcasts++
    void this.#removeLater(issued.id)
  }

  async #deleteRecording({ id, streamKey }: IssuedAnswer): Promise<void> {
    const deadline = performance.now() + 60_000
    while ((await this.#stack.stream(id)).recording?.status !== 'ready') {
      if (performance.now() > deadline) throw new Error('a recording was not ready within 60 s')
      await delay(500)
    }
    const headers = { authorization: `Bearer ${streamKey.value}` }
    const url = `${this.#stack.url}/v1/streams/${id}/recording`
    await this.#expect('deleting a recording', await fetch(url, { method: 'DELETE', headers }), 204)
  }

  /** Some read from now, some catch up from the oldest event; each leaves after a while. */
  async #reader(index: number): Promise<void> {
    const query = index % 4 === 0 ? '?lastEventId=0' : ''
    await using reader = await SseReader.open(`${this.#stack.url}/v1/events${query}`)
    if (reader.response.status !== 200) throw new Error(`events were answered with ${reader.response.status}`)
    this.done.readers++
    await delay(1_000 + (index % 10) * 500, undefined, { signal: this.#signal }).catch(() => {})
  }
}
