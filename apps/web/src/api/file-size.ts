// Asks the server for the size of a file that can be downloaded.

/** Undefined: unknown. S3's signed links are valid for GET only, so HEAD fails there. */
export async function fileSize(url: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    const { ok, headers } = await fetch(url, { method: 'HEAD', redirect: 'manual', signal })
    const length = Number(headers.get('content-length') ?? Number.NaN)
    return ok && length > 0 ? length : undefined
  } catch {
    return undefined
  }
}
