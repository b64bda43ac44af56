// A streamer with OBS: asks for a key, publishes, tries again when the connection is lost, and writes
// down what happened to the connection.
import { setTimeout as delay } from 'node:timers/promises'
import { Encoder } from '../support/encoder.ts'
import type { TestStack } from '../support/stack.ts'
import type { Journal } from './journal.ts'
import type { Random } from './random.ts'

/** OBS tries again after a second or two. */
const RETRY_MS = 1_000
/** The promise is 15 s. */
const GHOST_MS = 15_000
/** An encoder that ran this long had been let in: a refused one is gone at once. */
const LET_IN_MS = 3_000
/** nginx waits up to 10 s for the hook's answer, and the encoder that long for nginx's. */
const CONNECTING_MS = 15_000

export interface Broadcast {
  readonly id: string
  readonly key: string
  readonly startedAt: number
  /** The owner's end was answered with 200. */
  ended: boolean
}

export class Streamer implements AsyncDisposable {
  readonly name: string
  readonly broadcasts: Broadcast[] = []
  readonly #stacks: readonly TestStack[]
  readonly #journal: Journal
  readonly #random: Random
  readonly #ghosts: Encoder[] = []
  /** Until then nginx may take a frozen encoder for a live one. */
  ghostUntil = 0
  /** Set by faults: until then the encoder's end is nobody's mistake. */
  excusedUntil = 0
  #connectingExcusedUntil = 0
  #wanted = true
  #encoder: Encoder | null = null
  #encoderSince = 0
  /** Ends the wait for an encoder that will not end by itself. */
  #abandon: () => void = () => {}
  node: TestStack
  readonly #loop: Promise<void>
  readonly #stop = new AbortController()

  constructor(name: string, stacks: readonly TestStack[], journal: Journal, random: Random) {
    this.name = name
    this.#stacks = stacks
    this.#journal = journal
    this.#random = random
    this.node = random.pick(stacks)
    this.#loop = this.#broadcastForEver()
  }

  get current(): Broadcast | undefined {
    return this.broadcasts.at(-1)
  }

  /** Since when an encoder has been publishing without interruption; null: none is, or not yet for sure. */
  get publishingSince(): number | null {
    const up = this.#encoder?.running === true && performance.now() - this.#encoderSince > LET_IN_MS
    return up ? this.#encoderSince : null
  }

  /** Stops publishing for a while, as with OBS's stop button. */
  async pause(ms: number): Promise<void> {
    this.excuse(ms + 5_000)
    this.#wanted = false
    await this.#encoder?.stop()
    await delay(ms, undefined, { signal: this.#stop.signal }).catch(() => {})
    this.#wanted = true
  }

  /** The machine or the line is gone without a word. */
  kill(): void {
    this.excuse(5_000)
    void this.#encoder?.[Symbol.asyncDispose]()
  }

  /** The connection stays open and nothing comes; another encoder with the same key tries meanwhile. */
  freeze(): void {
    const ghost = this.#encoder
    if (ghost === null) return
    this.excuse(20_000)
    ghost.freeze()
    this.ghostUntil = performance.now() + GHOST_MS
    this.#ghosts.push(ghost)
    this.#encoder = null
    this.#abandon()
  }

  /** Ends the broadcast with its key and begins another. */
  async end(): Promise<void> {
    const broadcast = this.current
    if (broadcast === undefined) return
    this.excuse(10_000)
    const response = await this.node.manage(broadcast.id, 'end', broadcast.key).catch(() => null)
    if (response?.ok) broadcast.ended = true
  }

  excuse(ms: number): void {
    this.excusedUntil = Math.max(this.excusedUntil, performance.now() + ms)
  }

  /** Encoders that are connecting may be refused late until then; one that has been publishing may not be lost. */
  excuseConnecting(ms: number): void {
    this.#connectingExcusedUntil = Math.max(this.#connectingExcusedUntil, performance.now() + ms)
  }

  /** No new encoder from now on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.excuse(60_000)
    await this.#encoder?.[Symbol.asyncDispose]()
    for (const ghost of this.#ghosts) await ghost[Symbol.asyncDispose]()
    await this.#loop
  }

  async #broadcastForEver(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#wanted)
        await this.#publishOnce().catch((error: unknown) => this.#journal.note(this.name, String(error)))
      await delay(RETRY_MS, undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  async #publishOnce(): Promise<void> {
    const broadcast = await this.#usableBroadcast()
    // Mostly where it was; sometimes where the load balancer sends it.
    if (this.#random.next() < 0.1) this.node = this.#random.pick(this.#stacks)
    if (this.#stop.signal.aborted) return
    const encoder = new Encoder(`${this.node.rtmpUrl}/${broadcast.key}`)
    this.#encoder = encoder
    this.#encoderSince = performance.now()
    const { promise: abandoned, resolve } = Promise.withResolvers<void>()
    this.#abandon = resolve
    await Promise.race([encoder.exited(2 ** 30), abandoned])
    if (this.#encoder === encoder) this.#encoder = null
    if (this.#ghosts.includes(encoder)) return
    const ranMs = performance.now() - this.#encoderSince
    const isLate = ranMs < CONNECTING_MS && performance.now() < this.#connectingExcusedUntil
    if (ranMs < LET_IN_MS || isLate) this.#journal.note(this.name, 'was refused')
    else if (performance.now() < this.excusedUntil) this.#journal.note(this.name, 'was disconnected')
    else
      this.#journal.violation(
        `${this.name} was disconnected after ${(ranMs / 1000).toFixed(1)} s for no reason`,
      )
  }

  /** The stream that goes on, or a new one when it has ended. */
  async #usableBroadcast(): Promise<Broadcast> {
    const { current } = this
    if (current !== undefined && !current.ended) {
      const stream = await this.node.stream(current.id)
      if (stream.status !== 'ended') return current
      current.ended = true
    }
    const { id, streamKey } = await this.node.create({ title: this.name, record: true })
    const broadcast: Broadcast = { id, key: streamKey.value, startedAt: performance.now(), ended: false }
    this.broadcasts.push(broadcast)
    this.#journal.note(this.name, `has the stream ${id}`)
    return broadcast
  }
}
