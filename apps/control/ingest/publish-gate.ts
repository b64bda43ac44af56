// Decides who may publish. On the streamer's critical path: nginx waits for it.

import { KeyedQueue } from '../common/keyed-queue.ts'
import type { Logger } from '../common/logger.ts'
import { admission, type Refusal } from '../domain/admission.ts'
import { hashStreamKey, keyHashText } from '../domain/keys.ts'
import type { Secret } from '../domain/secret.ts'
import type { Stream } from '../domain/stream.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { StreamService } from '../streams/service.ts'
import type { StreamStore } from '../streams/store.ts'
import { isPublishing, type NginxClient, NginxUnavailableError } from './nginx-client.ts'

/** How long a returning publisher is kept waiting while nginx lets go of the connection before. */
const CLEAR_MS = 1_000

export interface PublishGateOptions {
  readonly streams: StreamService
  readonly store: StreamStore
  readonly nginx: NginxClient
  readonly folder: HlsFolder
  readonly logger: Logger
  readonly nodeId: string
  readonly publicUrl: string
  readonly now: () => Date
}

export type Verdict =
  | { readonly admitted: true; readonly id: string }
  | {
      readonly admitted: false
      readonly reason: Refusal | 'unknown_key' | 'nginx_not_clear'
    }

/** Who wants to publish, as nginx says. */
export interface Candidate {
  readonly key: Secret
  readonly clientId: number
  readonly nginx: string | null
}

export class PublishGate {
  readonly #options: PublishGateOptions
  /** One candidate for a key at a time: making room for one must not drop another just let in. */
  readonly #queue = new KeyedQueue()

  constructor(options: PublishGateOptions) {
    this.#options = options
  }

  /**
   * @param signal nobody waits for the answer any more: a candidate that is still in line is forgotten
   * @throws DatabaseUnavailableError; nobody is let in then
   */
  async admit(candidate: Candidate, signal: AbortSignal): Promise<Verdict> {
    const keyHash = hashStreamKey(candidate.key)
    return this.#queue.run(keyHashText(keyHash), () => this.#decide(keyHash, candidate, signal), signal)
  }

  async #decide(
    keyHash: Uint8Array<ArrayBuffer>,
    candidate: Candidate,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const remembered = this.#options.store.recall(keyHash)
    // Good enough for a yes, which the commit checks against the database; a no must not be out of date.
    if (remembered !== null && admission(remembered, this.#options.now()) === 'accept') {
      const verdict = await this.#accept(remembered.id, keyHash, candidate, signal)
      if (verdict.admitted) return verdict
      await this.#options.folder.removeMarker(remembered.id)
    }
    return this.#decideAfresh(keyHash, candidate, signal)
  }

  async #decideAfresh(
    keyHash: Uint8Array<ArrayBuffer>,
    candidate: Candidate,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const stream = await this.#options.store.findByKeyHash(keyHash)
    if (stream === null) return refuse('unknown_key')
    const first = admission(stream, this.#options.now())
    if (first === 'accept') return this.#accept(stream.id, keyHash, candidate, signal)
    if (first !== 'check') return refuse(first)
    const obstacle = await this.#makeRoom(stream)
    return obstacle === null ? this.#accept(stream.id, keyHash, candidate, signal, true) : refuse(obstacle)
  }

  async #accept(
    id: string,
    keyHash: Uint8Array<ArrayBuffer>,
    candidate: Candidate,
    signal: AbortSignal,
    madeRoom = false,
  ): Promise<Verdict> {
    const { streams, folder, nodeId, publicUrl, now } = this.#options
    const acceptedAt = now()
    const baselineAt = folder.prepare(id)
    const session = { nodeId, nginx: candidate.nginx, clientId: candidate.clientId, acceptedAt, baselineAt }
    signal.throwIfAborted()
    const fact = { kind: 'publisher-accepted', session, keyHash, publicUrl, firstOnly: !madeRoom } as const
    const result = await streams.submit(id, fact)
    if (result?.changed) {
      if (!signal.aborted) return { admitted: true, id }
      // nginx has been told no meanwhile: nobody is there, and the next try must not find the place taken.
      await streams.submit(id, { kind: 'publisher-gone', session })
      throw signal.reason
    }
    // Somebody else was let in, the stream ended or the key was replaced since it was looked up.
    const second = result === null ? 'unknown_key' : admission(result.stream, now())
    return refuse(second === 'accept' || second === 'check' ? 'already_publishing' : second)
  }

  /**
   * A publisher was here before. Makes sure that it is really gone, from nginx's both applications:
   * two under one id would write two playlists in turns.
   * @returns null, or what is in the way
   */
  async #makeRoom({ id, session }: Stream): Promise<'already_publishing' | 'nginx_not_clear' | null> {
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
      logger.warn({ err: error, stream: id }, 'nginx can’t say whether the publisher before is gone')
      return 'nginx_not_clear'
    }
  }
}

function refuse(reason: Extract<Verdict, { admitted: false }>['reason']): Verdict {
  return { admitted: false, reason }
}
