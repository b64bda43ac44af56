// The thumbnail of a live stream, refreshed every ten seconds while it is visible. The old thumbnail stays
// until the new one is loaded.
import { useEffect, useRef, useState } from 'preact/hooks'
import { readThumbnail } from '../api/thumbnail.ts'
import { TEXTS } from '../texts/texts.ts'
import { repeatWhileVisible } from '../ui/repeat-while-visible.ts'

const EVERY_MS = 10_000

export function Thumbnail({ id, live }: { id: string; live: boolean }) {
  const container = useRef<HTMLDivElement>(null)
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    if (!live) return
    return repeatWhileVisible({
      everyMs: EVERY_MS,
      element: container.current,
      task: async (signal) => {
        const next = await readThumbnail(id, signal)
        if (!signal.aborted) setUrl(next)
      },
    })
  }, [id, live])
  return (
    <div ref={container} class="thumbnail">
      {url !== undefined && <img src={url} alt={TEXTS.home.thumbnail} />}
    </div>
  )
}
