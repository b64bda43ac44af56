// Takes over the streams of dead nodes: a dead node cannot report that its publishers are gone, so the other
// nodes do. Several nodes may do it at the same time; the second report of the same loss changes nothing.
import { setTimeout as delay } from 'node:timers/promises'
import { BehaviorSubject, distinctUntilChanged, type Observable } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { NodeLease } from '../nodes/node-lease.ts'
import type { StreamService } from '../streams/service.ts'
import type { StreamStore } from '../streams/store.ts'

const ROUND_MS = 2_000

export interface TakeoverOptions {
  readonly store: StreamStore
  readonly streams: StreamService
  readonly lease: NodeLease
  readonly logger: Logger
}

export class Takeover implements AsyncDisposable {
  readonly #options: TakeoverOptions
  readonly #abort = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  readonly #peers = new BehaviorSubject(false)
  /** Whether other nodes are alive, as of the last round. */
  readonly hasPeers$: Observable<boolean> = this.#peers.pipe(distinctUntilChanged())

  constructor(options: TakeoverOptions) {
    this.#options = options
  }

  startRounds(): void {
    this.#loop = this.#run()
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      await this.round().catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'other nodes could not be looked up; trying again')
      })
      await delay(ROUND_MS, undefined, { signal }).catch(() => {})
    }
  }

  /** Reports the publishers of all dead nodes as gone. @throws DatabaseUnavailableError */
  async round(): Promise<void> {
    const { lease, logger } = this.#options
    const { alive, gone } = await lease.others()
    this.#peers.next(alive.length > 0)
    for (const node of gone) {
      const streams = await this.#takeOver(node)
      // Its streams have ended. If the node comes back, it ends the playlists in its folder itself.
      if (streams === 0) await lease.forget(node)
      else logger.warn({ node, streams }, 'a node is dead; its streams end unless their publishers come back')
    }
  }

  /** @returns how many streams of the node have not ended */
  async #takeOver(node: string): Promise<number> {
    const { store, streams } = this.#options
    const open = (await store.openOnNode(node)).filter(({ status }) => status !== 'ended')
    for (const { id, session } of open) {
      if (session !== null) await streams.submit(id, { kind: 'publisher-gone', session })
    }
    return open.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#loop
  }
}
