// Tells file system errors apart by their code.

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT')
}

/** For `.catch`: a missing file becomes null, every other error is thrown again. */
export function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}
