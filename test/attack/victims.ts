// Those who must not notice an attack: three encoders on the air, one that comes while it runs, and a viewer.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Encoder } from '../support/encoder.ts'
import type { IssuedAnswer, TestStack } from '../support/stack.ts'

const ON_AIR = 3
/** nginx finishes a segment, and so a playlist, every 3 s. */
const STALLED_MS = 9_000
const ASK_EVERY_MS = 500
const ANSWER_WITHIN_MS = 10_000
const LIVE_WITHIN_MS = 40_000

interface Victim {
  readonly stream: IssuedAnswer
  readonly encoder: Encoder
}

/** What a viewer has got at the public port. */
export interface Answers {
  readonly asked: number
  readonly failed: number
  readonly slowestMs: number
}

export class Victims implements AsyncDisposable {
  readonly #stack: TestStack
  readonly #onAir: Victim[] = []

  private constructor(stack: TestStack) {
    this.#stack = stack
  }

  static async start(stack: TestStack): Promise<Victims> {
    const victims = new Victims(stack)
    await Promise.all(Array.from({ length: ON_AIR }, () => victims.publish()))
    return victims
  }

  /** Creates a stream and publishes it. @returns milliseconds until it was live */
  async publish(): Promise<number> {
    const startedAt = performance.now()
    const stream = await this.#stack.create()
    const encoder = new Encoder(`${this.#stack.rtmpUrl}/${stream.streamKey.value}`)
    this.#onAir.push({ stream, encoder })
    await this.#stack.reaches(stream.id, 'live', LIVE_WITHIN_MS)
    return performance.now() - startedAt
  }

  /** Why somebody on the air was disturbed; empty when nobody was. */
  async disturbed(): Promise<string[]> {
    const problems: string[] = []
    for (const [index, { stream, encoder }] of this.#onAir.entries()) {
      const say = (what: string) => problems.push(`encoder ${index + 1}: ${what}`)
      if (!encoder.running) say('was disconnected')
      const rows = await this.#stack.database.query(
        'SELECT type FROM events WHERE stream_id = ? ORDER BY id',
        [stream.id],
      )
      const types = rows.map(({ type }) => String(type).replace('stream.', '')).join(' ')
      if (types !== 'created connecting live') say(`its events are: ${types}`)
      const playlist = join(this.#stack.hlsDir, stream.id, 'index.m3u8')
      const ageMs = Date.now() - statSync(playlist).mtimeMs
      if (ageMs > STALLED_MS) say(`its playlist is ${Math.round(ageMs / 1000)} s old`)
    }
    return problems
  }

  /** Asks for the page, a playlist and the list of streams until it is told to stop. */
  async watch(signal: AbortSignal): Promise<Answers> {
    const { url } = this.#stack
    const paths = ['/', `/hls/${this.#onAir[0]?.stream.id}/index.m3u8`, '/v1/streams']
    let [asked, failed, slowestMs] = [0, 0, 0]
    while (!signal.aborted) {
      const askedAt = performance.now()
      const answer = await fetch(`${url}${paths[asked++ % paths.length]}`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      }).catch(() => undefined)
      await answer?.body?.cancel()
      if (!answer?.ok) failed += 1
      slowestMs = Math.max(slowestMs, performance.now() - askedAt)
      await delay(ASK_EVERY_MS, undefined, { signal }).catch(() => undefined)
    }
    return { asked, failed, slowestMs }
  }

  /** Ends the one who came last, so that the next attack finds three again. */
  async endLast(): Promise<void> {
    if (this.#onAir.length === ON_AIR) return
    const { stream, encoder } = this.#onAir.pop() as Victim
    await this.#stack.manage(stream.id, 'end', stream.streamKey.value)
    await encoder[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { encoder } of this.#onAir) await encoder[Symbol.asyncDispose]()
  }
}
