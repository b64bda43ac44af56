// How large a file is that is offered for download.

/** Undefined: that can't be told. In S3 it can't: its links are good for fetching only. */
export async function fileSize(url: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    const { ok, headers } = await fetch(url, { method: 'HEAD', redirect: 'manual', signal })
    const length = Number(headers.get('content-length') ?? Number.NaN)
    return ok && length > 0 ? length : undefined
  } catch {
    return undefined
  }
}
