// Rate limits per client address, kept in this process's memory: created streams and failed authorization.
import type { FastifyRequest } from 'fastify'
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import type { ClientAddress } from './client-address.ts'
import { AppError } from './errors.ts'

const MINUTE_S = 60
/** A key has 130 random bits and cannot be guessed; the limit keeps attempts from causing load. */
const FAILURES_PER_MINUTE = 30

export class Limits {
  readonly #address: ClientAddress
  readonly #creations: RateLimiterMemory | null
  readonly #failures = new RateLimiterMemory({ points: FAILURES_PER_MINUTE, duration: MINUTE_S })

  /** @param createRateLimit streams that one address may create per minute; 0: no limit */
  constructor(address: ClientAddress, createRateLimit: number) {
    this.#address = address
    this.#creations =
      createRateLimit === 0 ? null : new RateLimiterMemory({ points: createRateLimit, duration: MINUTE_S })
  }

  /** Counts a created stream. @throws AppError 429 when there were too many from this address */
  async creation(request: FastifyRequest): Promise<void> {
    if (this.#creations !== null) await consume(this.#creations, await this.#address.of(request))
  }

  /** Counts a failure. @returns an AppError 429 when there were too many from this address, otherwise null */
  async failedAuthorization(request: FastifyRequest): Promise<AppError | null> {
    try {
      await consume(this.#failures, await this.#address.of(request))
      return null
    } catch (refusal) {
      if (refusal instanceof AppError) return refusal
      throw refusal
    }
  }
}

async function consume(limiter: RateLimiterMemory, address: string): Promise<void> {
  try {
    await limiter.consume(address)
  } catch (refused) {
    if (refused instanceof Error) throw refused
    throw tooMany(refused as RateLimiterRes)
  }
}

function tooMany({ msBeforeNext }: RateLimiterRes): AppError {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
  return new AppError(
    429,
    'too_many_requests',
    `Too many requests from your address. Try again in ${seconds} s.`,
    {
      headers: { 'retry-after': String(seconds) },
    },
  )
}
