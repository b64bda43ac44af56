// The download link for a recording's MP4, with the file's size if the server sends it.
import { useEffect, useState } from 'preact/hooks'
import { fileSize } from '../api/file-size.ts'
import { reachableHttpUrl } from '../api/reachable-url.ts'
import type { Recording } from '../api/shapes.ts'
import { TEXTS } from '../texts/texts.ts'
import { formatSize } from './format-size.ts'

export function Mp4Link({ recording }: { recording: Recording }) {
  const { mp4 } = recording.download
  const url = mp4 === null ? undefined : reachableHttpUrl(mp4)
  const [bytes, setBytes] = useState<number>()
  useEffect(() => {
    if (url === undefined) return
    const stop = new AbortController()
    void fileSize(url, stop.signal).then(setBytes)
    return () => stop.abort()
  }, [url])
  if (url === undefined) return null
  return (
    <a class="button quiet" href={url} download={`${recording.title ?? TEXTS.untitled}.mp4`}>
      {TEXTS.recording.download}
      {bytes !== undefined && <span class="muted">&nbsp;· {formatSize(bytes)}</span>}
    </a>
  )
}
