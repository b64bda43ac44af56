// Authorization: a bearer token that is a stream's key makes the caller its owner; an API token makes the
// caller an operator.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { hashStreamKey, parseStreamKey } from '../domain/keys.ts'
import type { Secret } from '../domain/secret.ts'
import type { Stream } from '../domain/stream.ts'
import { AppError } from '../http/errors.ts'
import type { Limits } from '../http/limits.ts'
import type { StreamStore } from '../streams/store.ts'

const BEARER = /^Bearer +(\S+)\s*$/i

export class Authorization {
  readonly #tokens: readonly Buffer[]
  readonly #store: StreamStore
  readonly #limits: Limits

  constructor(tokens: readonly Secret[], store: StreamStore, limits: Limits) {
    this.#tokens = tokens.map((token) => sha256(token.reveal()))
    this.#store = store
    this.#limits = limits
  }

  /** The caller's role for this stream; null: none. Reading is public, so wrong credentials are not an error. */
  async roleFor(request: FastifyRequest, stream: Stream): Promise<'owner' | 'operator' | null> {
    const credential = credentialOf(request)
    const role = credential === undefined ? null : this.#roleOf(credential, stream)
    if (role === null && credential !== undefined) await this.#limits.failedAuthorization(request)
    return role
  }

  /**
   * The caller's role for managing this stream.
   * @throws AppError 401 without valid credentials, 403 with those of another stream, 429 after too
   *   many failures from the caller's address
   */
  async requireManager(request: FastifyRequest, stream: Stream): Promise<'owner' | 'operator'> {
    const credential = credentialOf(request)
    const role = credential === undefined ? null : this.#roleOf(credential, stream)
    if (role !== null) return role
    const tooMany =
      request.headers.authorization === undefined ? null : await this.#limits.failedAuthorization(request)
    if (tooMany !== null) throw tooMany
    const key = credential === undefined ? null : parseStreamKey(credential)
    if (key !== null && (await this.#store.findByKeyHash(hashStreamKey(key))) !== null) {
      throw new AppError(403, 'not_your_stream', 'This stream key belongs to another stream.')
    }
    throw unauthorized('Send "Authorization: Bearer <token>" with the stream’s key or an API token.')
  }

  /** @throws AppError 401, 429 */
  async requireOperator(request: FastifyRequest): Promise<void> {
    const credential = credentialOf(request)
    if (credential !== undefined && this.#isToken(credential)) return
    const tooMany = credential === undefined ? null : await this.#limits.failedAuthorization(request)
    throw (
      tooMany ??
      unauthorized(
        'Only operators can create streams on this server. Send "Authorization: Bearer <API token>".',
      )
    )
  }

  #roleOf(credential: string, stream: Stream): 'owner' | 'operator' | null {
    const key = parseStreamKey(credential)
    if (key !== null) return timingSafeEqual(hashStreamKey(key), stream.keyHash) ? 'owner' : null
    return this.#isToken(credential) ? 'operator' : null
  }

  #isToken(credential: string): boolean {
    const hash = sha256(credential)
    // Compares with every token, so that the time it takes reveals nothing about them.
    return this.#tokens.filter((token) => timingSafeEqual(token, hash)).length > 0
  }
}

function credentialOf(request: FastifyRequest): string | undefined {
  return BEARER.exec(request.headers.authorization ?? '')?.[1]
}

function unauthorized(detail: string): AppError {
  return new AppError(401, 'unauthorized', detail, { headers: { 'www-authenticate': 'Bearer' } })
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
