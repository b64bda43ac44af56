// What a live stream shows now, anew every ten seconds while somebody sees it. The next picture takes
// the last one's place only once it is there.
import { useEffect, useRef, useState } from 'preact/hooks'
import { readLivePicture } from '../api/live-picture.ts'
import { TEXTS } from '../texts.ts'
import { repeatWhileSeen } from '../ui/repeat-while-seen.ts'

const EVERY_MS = 10_000

export function LivePicture({ id, live }: { id: string; live: boolean }) {
  const place = useRef<HTMLDivElement>(null)
  const [shown, setShown] = useState<string>()
  useEffect(() => {
    if (!live) return
    return repeatWhileSeen({
      everyMs: EVERY_MS,
      element: place.current,
      work: async (signal) => {
        const next = await readLivePicture(id, signal)
        if (!signal.aborted) setShown(next)
      },
    })
  }, [id, live])
  return (
    <div ref={place} class="picture">
      {shown !== undefined && <img src={shown} alt={TEXTS.live.picture} />}
    </div>
  )
}
