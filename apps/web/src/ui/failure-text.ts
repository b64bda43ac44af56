// What went wrong with a call, in words.
import { ApiError } from '../api/request.ts'
import { FAILURES } from '../texts.ts'

/** @param own texts by `code`, where the call knows better what it means */
export function failureText(error: unknown, own: Readonly<Record<string, string>> = {}): string {
  if (!(error instanceof ApiError)) return FAILURES['500'] ?? String(error)
  const { code, detail, title } = error.problem
  const known = own[code ?? ''] ?? FAILURES[code ?? ''] ?? FAILURES[String(error.status)]
  return known ?? detail ?? title ?? FAILURES['500'] ?? error.message
}
