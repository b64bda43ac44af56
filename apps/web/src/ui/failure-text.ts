// Explains in words why a request failed.
import { ApiError } from '../api/request.ts'
import { FAILURES } from '../texts/failure-texts.ts'

/**
 * Uses the text for the problem's `code`, else for its HTTP status, else the service's own words.
 * @param own texts by `code` that fit this request better than the general ones
 */
export function failureText(error: unknown, own: Readonly<Record<string, string>> = {}): string {
  if (!(error instanceof ApiError)) return FAILURES['500'] ?? String(error)
  const { code, detail, title } = error.problem
  const known = own[code ?? ''] ?? FAILURES[code ?? ''] ?? FAILURES[String(error.status)]
  return known ?? detail ?? title ?? FAILURES['500'] ?? error.message
}
