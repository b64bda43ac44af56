// Error responses: RFC 9457 problems with a stable `code`. The one place that turns an error into a response.
import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import type { Problem } from '../api/problem.ts'
import { DatabaseUnavailableError } from '../database/deadline.ts'
import { noteProblem } from './trail.ts'

type Extra = Pick<Problem, 'errors' | 'checks'>

/** An error that the client caused, or that may be over when it retries; its message is sent to the client as it is. */
export class AppError extends Error {
  override name = 'AppError'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
  readonly extra: Extra

  constructor(
    status: number,
    code: string,
    detail: string,
    options: { headers?: Record<string, string>; extra?: Extra; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause })
    this.status = status
    this.code = code
    this.headers = options.headers ?? {}
    this.extra = options.extra ?? {}
  }
}

const LOCATIONS = { body: 'body', querystring: 'query', params: 'path', headers: 'headers' } as const

/** Answers every error of an app's routes, and every unknown path, with a problem. */
export function answerWithProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const appError = toAppError(error)
    if (appError.status >= 500) request.log.error({ err: error, req: request }, 'a request failed')
    return sendProblem(reply, appError)
  })
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, new AppError(404, 'not_found', 'There is no such path.')),
  )
}

/** For requests that fail before a route is found, such as one with a badly encoded path. */
export function answerFrameworkError(
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
): void {
  sendProblem(reply, toAppError(error))
}

export function sendProblem(reply: FastifyReply, error: AppError): FastifyReply {
  const problem: Problem = {
    type: 'about:blank',
    title: STATUS_CODES[error.status] ?? 'Error',
    status: error.status,
    code: error.code,
    detail: error.message,
    ...error.extra,
  }
  noteProblem(reply.request, error.code)
  return reply
    .code(error.status)
    .headers({ 'cache-control': 'no-store', ...error.headers })
    .type('application/problem+json')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(problem)
}

function toAppError(error: FastifyError | AppError | Error): AppError {
  if (error instanceof AppError) return error
  if (error instanceof DatabaseUnavailableError) {
    return new AppError(
      503,
      'database_unavailable',
      'The database does not respond. Try again in a few seconds.',
      {
        headers: { 'retry-after': '2' },
        cause: error,
      },
    )
  }
  if (hasZodFastifySchemaValidationErrors(error)) return toValidationError(error)
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  if (status >= 500)
    return new AppError(500, 'internal_error', 'An internal error occurred.', { cause: error })
  return new AppError(status, CLIENT_ERRORS[status] ?? 'bad_request', error.message, { cause: error })
}

/** The codes for what Fastify itself refuses before a route's handler runs. */
const CLIENT_ERRORS: Readonly<Record<number, string>> = {
  400: 'malformed_request',
  413: 'body_too_large',
  414: 'path_too_long',
  415: 'unsupported_media_type',
}

interface ValidationIssue {
  readonly keyword: string
  readonly instancePath: string
  readonly message?: string | undefined
  readonly params: Record<string, unknown>
}

function toValidationError(error: { validation: ValidationIssue[]; validationContext?: string }): AppError {
  const where = LOCATIONS[error.validationContext as keyof typeof LOCATIONS] ?? 'body'
  const errors = error.validation.flatMap((issue) =>
    fieldsOf(issue).map(([field, message]) => ({ in: where, field, message })),
  )
  const summary = errors.map((item) => `${item.field || item.in}: ${item.message}`).join('; ')
  return new AppError(400, 'validation_failed', summary, { extra: { errors } })
}

function fieldsOf({ keyword, instancePath, message, params }: ValidationIssue): [string, string][] {
  const path = instancePath.split('/').filter((part) => part !== '')
  const unknown = params.keys
  if (keyword === 'unrecognized_keys' && Array.isArray(unknown)) {
    return unknown.map((key) => [[...path, String(key)].join('.'), 'is not a known field'])
  }
  return [[path.join('.'), message ?? 'is not valid']]
}
