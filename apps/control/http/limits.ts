// Rate limits per client address, kept in this process's memory: created streams and failed authorization.
import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { KeyedQueue } from '../common/keyed-queue.ts'
import type { ClientAddress } from './client-address.ts'
import { AppError } from './errors.ts'

const MINUTE_S = 60
/** A new wrong credential costs ten points, the same one again one: it cannot be a guess, only load. */
const NEW_FAILURE_POINTS = 10
const SAME_FAILURE_POINTS = 1
/** 30 different wrong credentials a minute. */
const FAILURE_POINTS = 30 * NEW_FAILURE_POINTS

export class Limits {
  readonly #address: ClientAddress
  readonly #creations: RateLimiterMemory | null
  readonly #failures = new RateLimiterMemory({ points: FAILURE_POINTS, duration: MINUTE_S })
  /** Which credentials were wrong; at most 30 for each address and minute. */
  readonly #wrong = new RateLimiterMemory({ points: 1, duration: MINUTE_S })
  readonly #comparisons = new KeyedQueue()

  /** @param createRateLimit streams that one address may create per minute; 0: no limit */
  constructor(address: ClientAddress, createRateLimit: number) {
    this.#address = address
    this.#creations =
      createRateLimit === 0 ? null : new RateLimiterMemory({ points: createRateLimit, duration: MINUTE_S })
  }

  /** Counts a created stream. @throws AppError 429 when there were too many from this address */
  async creation(request: FastifyRequest): Promise<void> {
    if (this.#creations === null) return
    const refusal = await consume(this.#creations, await this.#address.of(request))
    if (refusal !== null) throw tooMany('requests', refusal)
  }

  /**
   * Compares a credential, unless too many from this address were wrong: then right ones are not recognized
   * either, because the answer would tell which one is right (docs/decisions/0021-tokens-and-guessing.md).
   * @param compare what the credential allows; null: nothing, which counts as a failure
   * @throws AppError 429
   */
  async authorize<T>(
    request: FastifyRequest,
    credential: string,
    compare: () => T | null,
  ): Promise<T | null> {
    const address = await this.#address.of(request)
    // One after the other, so that of many at once none is compared before those ahead of it are counted.
    return this.#comparisons.run(address, async () => {
      const before = await this.#failures.get(address)
      if (before !== null && before.consumedPoints >= FAILURE_POINTS)
        throw tooMany('wrong credentials', before)
      const allowed = compare()
      if (allowed === null) await this.#countFailure(address, credential)
      return allowed
    })
  }

  async #countFailure(address: string, credential: string): Promise<void> {
    const hash = createHash('sha256').update(credential).digest('base64')
    const isNew = (await consume(this.#wrong, `${address} ${hash}`)) === null
    await consume(this.#failures, address, isNew ? NEW_FAILURE_POINTS : SAME_FAILURE_POINTS)
  }
}

/** @returns null, or until when there are no points left */
async function consume(limiter: RateLimiterMemory, key: string, points = 1): Promise<RateLimiterRes | null> {
  try {
    await limiter.consume(key, points)
    return null
  } catch (refused) {
    if (refused instanceof Error) throw refused
    return refused as RateLimiterRes
  }
}

function tooMany(what: string, { msBeforeNext }: RateLimiterRes): AppError {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
  return new AppError(
    429,
    'too_many_requests',
    `Too many ${what} from your address. Try again in ${seconds} s.`,
    { headers: { 'retry-after': String(seconds) } },
  )
}
