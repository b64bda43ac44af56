// Sends one JSON request to the service. Returns the parsed answer or throws an ApiError.
import type * as z from 'zod/mini'
import { setServerTime } from './server-clock.ts'
import { type Problem, ProblemShape } from './shapes.ts'

export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** The HTTP status; 0 when there was no answer or it could not be parsed. */
  readonly status: number
  readonly problem: Problem

  constructor(status: number, problem: Problem, options?: ErrorOptions) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`, options)
    this.status = status
    this.problem = problem
  }
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly body?: unknown
  /** A stream key, for requests that only the stream's owner may send, or an API token. */
  readonly bearer?: string | undefined
  readonly signal?: AbortSignal
}

/** The characters that a header can carry. Any other credential cannot be valid. */
const BEARER = /^[\x21-\x7e]+$/

/** @throws ApiError, or an AbortError when the signal aborts */
export async function request<T>(
  shape: z.ZodMiniType<T>,
  path: string,
  options: RequestOptions = {},
): Promise<T> {
  const response = await send(path, options)
  const date = response.headers.get('date')
  if (date) setServerTime(Date.parse(date))
  const json: unknown = await response.json().catch(() => undefined)
  if (!response.ok) {
    const problem = ProblemShape.safeParse(json)
    throw new ApiError(response.status, problem.success ? problem.data : {})
  }
  const answer = shape.safeParse(json)
  if (!answer.success) throw new ApiError(0, { code: 'unreadable_answer' }, { cause: answer.error })
  return answer.data
}

async function send(
  path: string,
  { method = 'GET', body, bearer, signal }: RequestOptions,
): Promise<Response> {
  const headers = new Headers({ accept: 'application/json' })
  if (bearer !== undefined) {
    if (!BEARER.test(bearer)) throw new ApiError(401, { code: 'unauthorized' })
    headers.set('authorization', `Bearer ${bearer}`)
  }
  if (body !== undefined) headers.set('content-type', 'application/json')
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      cache: 'no-store',
    })
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw new ApiError(0, { code: 'unreachable' }, { cause })
  }
}
