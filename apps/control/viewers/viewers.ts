// How many viewers each stream has now: watch pages connected to this process, plus the counts that other
// processes have written to the database.
import { type Observable, Subject, type Subscription, throttleTime } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { Counts, ViewerTable } from './viewer-table.ts'

/** How often a process writes its own counts and reads those of the others. */
const ROUND_MS = 5_000
/** The API promises at most one stream.viewers per stream in this time. */
const NOTIFY_MS = 2_000
/**
 * Viewers that one address counts for at most. A household or an office that watches together has fewer; somebody who
 * opens a thousand connections gains nineteen. A school behind one address counts as this many.
 */
export const MAX_PER_ADDRESS = 20
/** How many rounds pass between two removals of dead processes' rows. */
const SWEEP_ROUNDS = 24

export interface ViewersOptions {
  readonly table: ViewerTable
  readonly logger: Logger
  /** Tests use a shorter one. */
  readonly roundMs?: number
}

/** Streams whose number of viewers has changed, with the new number. */
export type ViewerChanges = Counts

export class Viewers implements AsyncDisposable {
  readonly #options: ViewersOptions
  /** By stream, as they count. */
  readonly #here = new Map<string, number>()
  /** Open connections by stream and address. */
  readonly #connections = new Map<string, number>()
  #connected = 0
  #elsewhere: Counts = new Map()
  /** The counts that were written last, as text; while they are the same, a confirmation is enough. */
  #written = '[]'
  /** The numbers that were announced last, without those that are 0. */
  readonly #announced = new Map<string, number>()
  readonly #changed = new Set<string>()
  readonly #changeSignals = new Subject<void>()
  readonly #changes = new Subject<ViewerChanges>()
  readonly changes$: Observable<ViewerChanges> = this.#changes.asObservable()
  #announcing: Subscription | null = null
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | null = null
  #rounds = 0
  #failing = false

  constructor(options: ViewersOptions) {
    this.#options = options
  }

  start(): void {
    // One timer for all streams: a reader of all streams then gets one write, not one per stream.
    this.#announcing = this.#changeSignals
      .pipe(throttleTime(NOTIFY_MS, undefined, { leading: true, trailing: true }))
      .subscribe(() => this.#announce())
    this.#timer = setInterval(() => void this.round(), this.#options.roundMs ?? ROUND_MS)
  }

  /**
   * Counts one viewer, unless too many of this stream have the same address.
   * @param address as rate limits count it
   * @returns a function that removes the viewer again; it may be called twice
   */
  join(streamId: string, address: string): () => void {
    let joined = true
    this.#connect(streamId, address, 1)
    return () => {
      if (joined) this.#connect(streamId, address, -1)
      joined = false
    }
  }

  count(streamId: string): number {
    return (this.#here.get(streamId) ?? 0) + (this.#elsewhere.get(streamId) ?? 0)
  }

  /** Watch pages that are connected to this process. */
  get connected(): number {
    return this.#connected
  }

  /** Writes and reads the counts once. Never rejects: counts may be a few seconds old. */
  round(): Promise<void> {
    this.#running ??= this.#exchange().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #exchange(): Promise<void> {
    const { table, logger } = this.#options
    try {
      const mine = new Map(this.#here)
      const text = JSON.stringify([...mine].sort())
      if (text !== this.#written) await table.write(mine)
      else if (mine.size > 0) await table.confirm()
      this.#written = text
      const before = this.#elsewhere
      this.#elsewhere = await table.elsewhere()
      for (const id of new Set([...before.keys(), ...this.#elsewhere.keys()])) {
        if (before.get(id) !== this.#elsewhere.get(id)) this.#noteChange(id)
      }
      if (this.#rounds++ % SWEEP_ROUNDS === 0) await table.removeAbandoned()
      this.#failing = false
    } catch (error) {
      // Logged once per outage.
      if (!this.#failing) logger.warn({ err: error }, 'viewer counts could not be exchanged; trying again')
      this.#failing = true
      // It is unknown what was written, so the next round writes everything.
      this.#written = ''
    }
  }

  #connect(streamId: string, address: string, difference: 1 | -1): void {
    const key = `${streamId} ${address}`
    const before = this.#connections.get(key) ?? 0
    const after = before + difference
    if (after > 0) this.#connections.set(key, after)
    else this.#connections.delete(key)
    this.#connected += difference
    if (Math.max(before, after) <= MAX_PER_ADDRESS) this.#add(streamId, difference)
  }

  #add(streamId: string, difference: number): void {
    const viewers = (this.#here.get(streamId) ?? 0) + difference
    if (viewers > 0) this.#here.set(streamId, viewers)
    else this.#here.delete(streamId)
    this.#noteChange(streamId)
  }

  #noteChange(streamId: string): void {
    this.#changed.add(streamId)
    this.#changeSignals.next()
  }

  #announce(): void {
    const changes = new Map<string, number>()
    for (const id of this.#changed) {
      const viewers = this.count(id)
      if (viewers === (this.#announced.get(id) ?? 0)) continue
      changes.set(id, viewers)
      if (viewers > 0) this.#announced.set(id, viewers)
      else this.#announced.delete(id)
    }
    this.#changed.clear()
    if (changes.size > 0) this.#changes.next(changes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#announcing?.unsubscribe()
    this.#changes.complete()
    await this.#running
    // Otherwise the other processes would count these viewers for another 15 s.
    if (this.#written !== '[]') await this.#options.table.write(new Map()).catch(() => {})
  }
}
