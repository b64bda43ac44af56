// Authorization: a bearer token that is a stream's key makes the caller its owner; one of API_TOKENS makes the
// caller an operator; one of CREATE_TOKENS allows to create streams and nothing else.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { hashStreamKey, parseStreamKey } from '../domain/keys.ts'
import type { Secret } from '../domain/secret.ts'
import type { Stream } from '../domain/stream.ts'
import { AppError } from '../http/errors.ts'
import type { Limits } from '../http/limits.ts'
import { noteCaller } from '../http/trail.ts'
import type { StreamStore } from '../streams/store.ts'

const BEARER = /^Bearer +(\S+)\s*$/i

export interface AuthorizationOptions {
  /** Those of operators. */
  readonly apiTokens: readonly Secret[]
  /** Those that may only create. */
  readonly createTokens: readonly Secret[]
  readonly store: StreamStore
  readonly limits: Limits
}

export class Authorization {
  readonly #apiTokens: readonly Buffer[]
  readonly #createTokens: readonly Buffer[]
  readonly #store: StreamStore
  readonly #limits: Limits

  constructor({ apiTokens, createTokens, store, limits }: AuthorizationOptions) {
    this.#apiTokens = apiTokens.map((token) => sha256(token.reveal()))
    this.#createTokens = createTokens.map((token) => sha256(token.reveal()))
    this.#store = store
    this.#limits = limits
  }

  /** The caller's role for this stream; null: none. Reading is public, so wrong credentials are not an error. */
  async roleFor(request: FastifyRequest, stream: Stream): Promise<'owner' | 'operator' | null> {
    const role = await nullWhenLimited(this.#compare(request, (it) => this.#roleOf(it, stream)))
    return role === 'creator' ? null : role
  }

  /**
   * The caller's role for managing this stream.
   * @throws AppError 401 without valid credentials, 403 with those of another stream or with a token that may
   *   only create, 429 after too many failures from the caller's address
   */
  async requireManager(request: FastifyRequest, stream: Stream): Promise<'owner' | 'operator'> {
    const role = await this.#compare(request, (it) => this.#roleOf(it, stream))
    if (role === 'creator') throw createsOnly()
    if (role !== null) return role
    const key = parseStreamKey(credentialOf(request) ?? '')
    if (key !== null && (await this.#store.findByKeyHash(hashStreamKey(key))) !== null) {
      throw new AppError(403, 'not_your_stream', 'This stream key belongs to another stream.')
    }
    throw unauthorized('Send "Authorization: Bearer <token>" with the stream’s key or an API token.')
  }

  /** @throws AppError 401 without an API token, 403 with a token that may only create, 429 as above */
  async requireOperator(request: FastifyRequest): Promise<void> {
    const role = await this.#compare(request, (it) => this.#tokenRole(it))
    if (role === 'creator') throw createsOnly()
    if (role === null)
      throw unauthorized('Only operators can do this. Send "Authorization: Bearer <API token>".')
  }

  /** For creating with STREAM_CREATION=token. @throws AppError 401 without a valid token, 429 as above */
  async requireCreator(request: FastifyRequest): Promise<void> {
    if ((await this.#compare(request, (it) => this.#tokenRole(it))) !== null) return
    throw unauthorized('Creating streams takes a token on this server. Send "Authorization: Bearer <token>".')
  }

  /** Whether the caller has a token that may create; for creating where everybody may, so nothing is an error. */
  async isCreator(request: FastifyRequest): Promise<boolean> {
    return (await nullWhenLimited(this.#compare(request, (it) => this.#tokenRole(it)))) !== null
  }

  /** @returns null without credentials. @throws AppError 429 */
  async #compare<T>(request: FastifyRequest, roleOf: (credential: string) => T | null): Promise<T | null> {
    const credential = credentialOf(request)
    if (credential === undefined) return null
    const role = await this.#limits.authorize(request, credential, () => roleOf(credential))
    if (role !== null) noteCaller(request, this.#nameOf(credential))
    return role
  }

  /** For the log: which credential this is, without its text. */
  #nameOf(credential: string): string {
    const hash = sha256(credential)
    const lists = { API_TOKENS: this.#apiTokens, CREATE_TOKENS: this.#createTokens }
    const names = Object.entries(lists).flatMap(([name, tokens]) =>
      tokens.flatMap((token, index) => (timingSafeEqual(token, hash) ? [`${name} ${index + 1}`] : [])),
    )
    return names[0] ?? 'owner'
  }

  #roleOf(credential: string, stream: Stream): 'owner' | 'operator' | 'creator' | null {
    const key = parseStreamKey(credential)
    if (key !== null) return timingSafeEqual(hashStreamKey(key), stream.keyHash) ? 'owner' : null
    return this.#tokenRole(credential)
  }

  #tokenRole(credential: string): 'operator' | 'creator' | null {
    const hash = sha256(credential)
    const [isOperator, isCreator] = [isAmong(hash, this.#apiTokens), isAmong(hash, this.#createTokens)]
    return isOperator ? 'operator' : isCreator ? 'creator' : null
  }
}

/** Compares with every token, so that the time it takes reveals nothing about them. */
function isAmong(hash: Buffer, tokens: readonly Buffer[]): boolean {
  return tokens.filter((token) => timingSafeEqual(token, hash)).length > 0
}

function credentialOf(request: FastifyRequest): string | undefined {
  return BEARER.exec(request.headers.authorization ?? '')?.[1]
}

/** Null also when nothing was compared, because there were too many failures from the caller's address. */
async function nullWhenLimited<T>(comparison: Promise<T | null>): Promise<T | null> {
  try {
    return await comparison
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

function unauthorized(detail: string): AppError {
  return new AppError(401, 'unauthorized', detail, { headers: { 'www-authenticate': 'Bearer' } })
}

/** RFC 6750 §3.1 */
function createsOnly(): AppError {
  const detail =
    'This token may create streams and read, and nothing else. Use the stream’s key or an API token.'
  const headers = { 'www-authenticate': 'Bearer error="insufficient_scope"' }
  return new AppError(403, 'insufficient_scope', detail, { headers })
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
