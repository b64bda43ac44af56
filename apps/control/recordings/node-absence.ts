// How long other nodes have been dead, as this node has seen it: by its own monotonic clock, and only while the
// database could tell which nodes were alive. After a restart the time counts from the start again.

export class NodeAbsence {
  readonly #monotonicMs: () => number
  /** Since when this node has known without a break which nodes are alive; null: it does not know now. */
  #knownSince: number | null = null
  readonly #lastAlive = new Map<string, number>()

  constructor(monotonicMs: () => number = () => performance.now()) {
    this.#monotonicMs = monotonicMs
  }

  /** @param isCertain whether a node that is not among `alive` is really dead */
  observe(alive: readonly string[], isCertain: boolean): void {
    const now = this.#monotonicMs()
    if (isCertain) this.#knownSince ??= now
    else this.#knownSince = null
    for (const nodeId of alive) this.#lastAlive.set(nodeId, now)
  }

  /** The database did not answer. */
  forget(): void {
    this.#knownSince = null
  }

  /** Whether the node has been dead for more than this. */
  isDeadFor(nodeId: string, ms: number): boolean {
    if (this.#knownSince === null) return false
    const since = Math.max(this.#knownSince, this.#lastAlive.get(nodeId) ?? 0)
    return this.#monotonicMs() - since > ms
  }
}
