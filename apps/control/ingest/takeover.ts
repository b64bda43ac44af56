// Takes over the streams of dead nodes: a dead node cannot report that its publishers are gone, so the other
// nodes do. Several nodes may do it at the same time; the second report of the same loss changes nothing.
import pLimit from 'p-limit'
import { exhaustMap, filter, type Subscription } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { NodeLease } from '../nodes/node-lease.ts'
import type { NodeRow } from '../nodes/peers.ts'
import type { StreamService } from '../streams/service.ts'
import type { StreamStore } from '../streams/store.ts'

/** A node may have had a thousand publishers, and their streamers are waiting to be let in again. */
const REPORTS_AT_ONCE = 5

export interface TakeoverOptions {
  readonly store: StreamStore
  readonly streams: StreamService
  readonly lease: NodeLease
  readonly logger: Logger
}

export class Takeover implements AsyncDisposable {
  readonly #options: TakeoverOptions
  readonly #turn = pLimit(REPORTS_AT_ONCE)
  #peers: Subscription | null = null
  #running: Promise<void> = Promise.resolve()

  constructor(options: TakeoverOptions) {
    this.#options = options
  }

  /** Runs a round after each look at the other nodes that has found dead ones, one round at a time. */
  startRounds(): void {
    const { lease, logger } = this.#options
    this.#peers = lease.peers$
      .pipe(
        filter(({ dead }) => dead.length > 0),
        exhaustMap(() => {
          this.#running = this.round().catch((error: unknown) =>
            logger.warn({ err: error }, 'a dead node’s streams could not be taken over; trying again'),
          )
          return this.#running
        }),
      )
      .subscribe()
  }

  /** Reports the publishers of all dead nodes as gone. @throws DatabaseUnavailableError */
  async round(): Promise<void> {
    const { lease } = this.#options
    if (!(await lease.isHeld())) return
    for (const node of lease.peers.dead) {
      // Once its streams have ended, only playlists in its folder may be left. They are its own to close, if
      // it ever comes back.
      if ((await this.#takeOver(node)) === 0) await lease.forget(node)
    }
  }

  /** @returns how many streams of the node have not ended */
  async #takeOver(node: NodeRow): Promise<number> {
    const { store, streams, lease, logger } = this.#options
    const open = (await store.openOnNode(node.id)).filter(({ status }) => status !== 'ended')
    const reports = open.map(({ id, session }) =>
      this.#turn(async () => {
        // It may have come back since: its publishers are then its own to report.
        if (session === null || !lease.isDead(node.id)) return 0
        const result = await streams.submit(id, { kind: 'publisher-gone', session })
        return result?.changed ? 1 : 0
      }),
    )
    const lost = (await Promise.all(reports)).reduce<number>((sum, count) => sum + count, 0)
    if (lost > 0) logger.warn({ node: node.id, publishers: lost }, 'the publishers of a dead node are gone')
    return open.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#peers?.unsubscribe()
    await this.#running
  }
}
