// What went wrong with a file, by the code that Node gives it.

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT')
}

/** For `.catch`: what is not there is null. */
export function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}
