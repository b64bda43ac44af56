// How many watch each stream now: the watch pages connected here, and what the other processes say
// of theirs.
import { type Observable, Subject, type Subscription, throttleTime } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { Counts, ViewerTable } from './viewer-table.ts'

/** How often a process writes down its own viewers and reads those of the others. */
const ROUND_MS = 5_000
/** The contract: at most one stream.viewers a stream in this time. */
const TELL_MS = 2_000
/** Rounds between two looks for rows that nobody owns any more. */
const SWEEP_ROUNDS = 24

export interface ViewersOptions {
  readonly table: ViewerTable
  readonly logger: Logger
  /** Tests bring their own rhythm. */
  readonly roundMs?: number
}

/** Streams whose number changed, with the new one. */
export type ViewerChanges = Counts

export class Viewers implements AsyncDisposable {
  readonly #options: ViewersOptions
  readonly #here = new Map<string, number>()
  #elsewhere: Counts = new Map()
  /** Last written, as text: equal texts need no new write. */
  #written = '[]'
  /** What has been told, where that is not 0. */
  readonly #told = new Map<string, number>()
  readonly #touched = new Set<string>()
  readonly #touches = new Subject<void>()
  readonly #changes = new Subject<ViewerChanges>()
  readonly changes$: Observable<ViewerChanges> = this.#changes.asObservable()
  #telling: Subscription | null = null
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | null = null
  #rounds = 0
  #failing = false

  constructor(options: ViewersOptions) {
    this.#options = options
  }

  start(): void {
    // One rhythm for all streams: who reads about all of them gets one write, not one a stream.
    this.#telling = this.#touches
      .pipe(throttleTime(TELL_MS, undefined, { leading: true, trailing: true }))
      .subscribe(() => this.#tell())
    this.#timer = setInterval(() => void this.round(), this.#options.roundMs ?? ROUND_MS)
  }

  /** @returns the undo, which may be called twice */
  join(streamId: string): () => void {
    let joined = true
    this.#add(streamId, 1)
    return () => {
      if (joined) this.#add(streamId, -1)
      joined = false
    }
  }

  count(streamId: string): number {
    return (this.#here.get(streamId) ?? 0) + (this.#elsewhere.get(streamId) ?? 0)
  }

  /** Watch pages that are connected to this process. */
  get connected(): number {
    return [...this.#here.values()].reduce((sum, viewers) => sum + viewers, 0)
  }

  /** Writes and reads once. Never rejects: numbers that are a few seconds old do no harm. */
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
        if (before.get(id) !== this.#elsewhere.get(id)) this.#touch(id)
      }
      if (this.#rounds++ % SWEEP_ROUNDS === 0) await table.removeAbandoned()
      this.#failing = false
    } catch (error) {
      // Said once: the database may be away for long.
      if (!this.#failing) logger.warn({ err: error }, 'viewers could not be exchanged; trying again')
      this.#failing = true
      // Whatever came of it, the next round writes everything.
      this.#written = ''
    }
  }

  #add(streamId: string, difference: number): void {
    const viewers = (this.#here.get(streamId) ?? 0) + difference
    if (viewers > 0) this.#here.set(streamId, viewers)
    else this.#here.delete(streamId)
    this.#touch(streamId)
  }

  #touch(streamId: string): void {
    this.#touched.add(streamId)
    this.#touches.next()
  }

  #tell(): void {
    const changes = new Map<string, number>()
    for (const id of this.#touched) {
      const viewers = this.count(id)
      if (viewers === (this.#told.get(id) ?? 0)) continue
      changes.set(id, viewers)
      if (viewers > 0) this.#told.set(id, viewers)
      else this.#told.delete(id)
    }
    this.#touched.clear()
    if (changes.size > 0) this.#changes.next(changes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#telling?.unsubscribe()
    this.#changes.complete()
    await this.#running
    // Without this they would count for another 15 s.
    if (this.#written !== '[]') await this.#options.table.write(new Map()).catch(() => {})
  }
}
