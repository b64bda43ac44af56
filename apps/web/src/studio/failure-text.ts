// What went wrong with a call, in words for the streamer.
import { ApiError } from '../api/request.ts'
import { FAILURES } from './studio-texts.ts'

export function failureText(error: unknown): string {
  if (!(error instanceof ApiError)) return FAILURES['500'] ?? String(error)
  const { code, detail, title } = error.problem
  const known = FAILURES[code ?? ''] ?? FAILURES[String(error.status)]
  return known ?? detail ?? title ?? FAILURES['500'] ?? error.message
}
