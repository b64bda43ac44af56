// The seek bar. The label over the pointer shows how far behind live a position is or, for a stream that
// has ended, its time from the beginning.
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { TEXTS } from '../texts/texts.ts'
import { formatDuration } from '../ui/format-duration.ts'
import { seekableRange } from './seekable-range.ts'

export interface SeekBarProps {
  readonly video: RefObject<HTMLVideoElement | null>
  readonly live: boolean
}

export function SeekBar({ video, live }: SeekBarProps) {
  const bar = useRef<HTMLElement>(null)
  const [seconds, setSeconds] = useState<number>()
  useEffect(() => {
    const onPreview = (event: Event) => {
      const { detail } = event as CustomEvent<number | null>
      if (typeof detail === 'number') setSeconds(detail)
    }
    bar.current?.addEventListener('mediapreviewrequest', onPreview)
    return () => bar.current?.removeEventListener('mediapreviewrequest', onPreview)
  }, [])
  return (
    <media-time-range ref={bar}>
      <span slot="preview" class="seek-time">
        {seconds !== undefined && positionText(seconds, video.current, live)}
      </span>
    </media-time-range>
  )
}

function positionText(seconds: number, video: HTMLVideoElement | null, live: boolean): string {
  const range = seekableRange(video)
  if (range === undefined) return ''
  if (!live) return formatDuration((seconds - range.start) * 1_000)
  const behind = range.end - seconds
  return behind < 1 ? TEXTS.watch.live : `−${formatDuration(behind * 1_000)}`
}
