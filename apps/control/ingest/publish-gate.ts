// Decides who may publish. The streamer waits for it: nginx accepts no video before the hook is answered.
import { KeyedQueue } from '../common/keyed-queue.ts'
import type { Logger } from '../common/logger.ts'
import { admission, type Refusal } from '../domain/admission.ts'
import { hashStreamKey, keyHashText } from '../domain/keys.ts'
import { isTooFull, type LimitRefusal, type PublisherLimits } from '../domain/limits.ts'
import type { Secret } from '../domain/secret.ts'
import type { Session, Stream } from '../domain/stream.ts'
import type { NodeLease } from '../nodes/node-lease.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { StreamService } from '../streams/service.ts'
import type { StreamStore } from '../streams/store.ts'
import { isPublishing, type NginxClient, NginxUnavailableError } from './nginx-client.ts'

/** How long a returning publisher waits for nginx to drop its previous connection. */
const CLEAR_MS = 1_000

export interface PublishGateOptions {
  readonly streams: StreamService
  readonly store: StreamStore
  readonly nginx: NginxClient
  readonly folder: HlsFolder
  readonly lease: Pick<NodeLease, 'isHeld'>
  readonly logger: Logger
  readonly nodeId: string
  readonly publicUrl: string
  readonly limits: PublisherLimits
  readonly now: () => Date
}

type Refused = Extract<Verdict, { admitted: false }>

export type Verdict =
  | { readonly admitted: true; readonly id: string }
  | {
      readonly admitted: false
      readonly reason: Refusal | LimitRefusal | 'unknown_key' | 'nginx_not_clear' | 'lease_lost'
      /** The stream of the key; null: there is none, or it was not looked for. */
      readonly id: string | null
      /** Of a key that no stream has. */
      readonly keyHash?: Uint8Array<ArrayBuffer>
    }

/** An encoder that asks to publish, as nginx describes it. */
export interface Candidate {
  readonly key: Secret
  readonly clientId: number
  readonly nginx: string | null
  /** Its network address; null: nginx did not say. */
  readonly address: string | null
}

export class PublishGate {
  readonly #options: PublishGateOptions
  /** One candidate per key at a time: clearing an old publisher away must not drop a new one. */
  readonly #queue = new KeyedQueue()

  constructor(options: PublishGateOptions) {
    this.#options = options
  }

  /**
   * @param signal aborts when nobody waits for the answer any more; a queued candidate is then skipped
   * @throws DatabaseUnavailableError; the candidate is then not accepted
   */
  async admit({ key, ...candidate }: Candidate, signal: AbortSignal): Promise<Verdict> {
    // The key's text ends here: what follows knows its hash only.
    const keyHash = hashStreamKey(key)
    return this.#queue.run(keyHashText(keyHash), () => this.#decide(keyHash, candidate, signal), signal)
  }

  async #decide(
    keyHash: Uint8Array<ArrayBuffer>,
    candidate: Omit<Candidate, 'key'>,
    signal: AbortSignal,
  ): Promise<Verdict> {
    // Another control may have let a publisher in for this node, and this one's nginx does not have it.
    if (!(await this.#options.lease.isHeld())) return refuse('lease_lost', null)
    const remembered = this.#options.store.recall(keyHash)
    // The remembered state may be out of date. That is enough to accept, because the commit checks it against
    // the database; a refusal needs the newest state.
    if (remembered !== null && admission(remembered, this.#options.now()) === 'accept') {
      const verdict = await this.#accept(remembered.id, keyHash, candidate, signal)
      if (verdict.admitted) return verdict
    }
    return this.#decideOnNewest(keyHash, candidate, signal)
  }

  async #decideOnNewest(
    keyHash: Uint8Array<ArrayBuffer>,
    candidate: Omit<Candidate, 'key'>,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const stream = await this.#options.store.findByKeyHash(keyHash)
    if (stream === null) return { ...refuse('unknown_key', null), keyHash }
    const first = admission(stream, this.#options.now())
    if (first === 'accept') return this.#accept(stream.id, keyHash, candidate, signal)
    if (first !== 'check') return refuse(first, stream.id)
    const obstacle = await this.#clearPrevious(stream)
    return obstacle === null
      ? this.#accept(stream.id, keyHash, candidate, signal, true)
      : refuse(obstacle, stream.id)
  }

  async #accept(
    id: string,
    keyHash: Uint8Array<ArrayBuffer>,
    candidate: Omit<Candidate, 'key'>,
    signal: AbortSignal,
    isPreviousCleared = false,
  ): Promise<Verdict> {
    const { folder, nodeId, limits, logger, now } = this.#options
    // A broadcast that has begun is not refused: it ends when the disk is about to fill (running-limits.ts).
    if (!isPreviousCleared && limits.minFreeBytes !== 0 && isTooFull(folder.freeBytes(), limits))
      return refuse('disk_full', id)
    const acceptedAt = now()
    const baselineAt = folder.prepare(id)
    const session = { nodeId, nginx: candidate.nginx, clientId: candidate.clientId, acceptedAt, baselineAt }
    let isAdmitted = false
    try {
      const verdict = await this.#commit(id, keyHash, session, candidate.address, signal, isPreviousCleared)
      isAdmitted = verdict.admitted
      return verdict
    } finally {
      if (!isAdmitted) {
        await folder.discard(id).catch((error: unknown) => {
          logger.warn({ err: error, stream: id }, 'a directory that nobody needs could not be removed')
        })
      }
    }
  }

  async #commit(
    id: string,
    keyHash: Uint8Array<ArrayBuffer>,
    session: Session,
    address: string | null,
    signal: AbortSignal,
    isPreviousCleared: boolean,
  ): Promise<Verdict> {
    const { streams, publicUrl, limits, now } = this.#options
    signal.throwIfAborted()
    const fact = {
      kind: 'publisher-accepted',
      session,
      keyHash,
      publicUrl,
      address: address ?? undefined,
      firstOnly: !isPreviousCleared,
    } as const
    const isLimited = limits.publishers !== 0 || limits.publishersPerAddress !== 0
    // A broadcast whose publisher comes back has its place.
    const place = isLimited && !isPreviousCleared ? { limits, address } : undefined
    const result = await streams.submit(id, fact, place)
    if (result?.changed) {
      if (!signal.aborted) return { admitted: true, id }
      // nginx has already been answered with a refusal, so nobody is connected: the next attempt must not be
      // refused because of this one.
      await streams.submit(id, { kind: 'publisher-gone', session })
      throw signal.reason
    }
    if (result !== null && result.refusal !== null) return refuse(result.refusal, id)
    // Since the lookup another publisher was accepted, the stream ended, or the key was replaced.
    const second = result === null ? 'unknown_key' : admission(result.stream, now())
    return refuse(second === 'accept' || second === 'check' ? 'already_publishing' : second, id)
  }

  /**
   * The stream has had a publisher. Makes sure that it is really gone from both of nginx's applications:
   * two publishers under one id would overwrite each other's playlist.
   * @returns null, or the reason to refuse
   */
  async #clearPrevious({ id, session }: Stream): Promise<'already_publishing' | 'nginx_not_clear' | null> {
    const { nginx, streams, logger, nodeId } = this.#options
    try {
      if (session !== null) {
        if (session.nodeId !== nodeId || isPublishing(await nginx.stat(), id, session))
          return 'already_publishing'
        await streams.submit(id, { kind: 'publisher-gone', session })
      }
      return (await nginx.clear(id, CLEAR_MS)) ? null : 'nginx_not_clear'
    } catch (error) {
      if (!(error instanceof NginxUnavailableError)) throw error
      logger.warn(
        { err: error, stream: id },
        'nginx does not say whether the previous publisher is gone; refusing the new one',
      )
      return 'nginx_not_clear'
    }
  }
}

function refuse(reason: Refused['reason'], id: string | null): Refused {
  return { admitted: false, reason, id }
}
