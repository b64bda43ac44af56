// What stands in the place of the picture: words, the live player, or the recording.
import { useRef, useState } from 'preact/hooks'
import type { Stream } from '../api/shapes.ts'

export type StageMode = 'words' | 'live' | 'recording'

/** The mode, and the viewer's wish to see the recording now. */
export function useStageMode(stream: Stream | undefined): [StageMode, () => void] {
  const [chosen, setChosen] = useState(false)
  const first = useRef<Stream>(undefined)
  const wasOnAir = useRef(false)
  first.current ??= stream
  if (stream && isOnAir(stream)) wasOnAir.current = true
  // Who comes after the end comes for the recording; who has just seen the end is asked.
  const cameForIt = first.current !== undefined && canBeReplayed(first.current)
  const mode = () => {
    if (stream && canBeReplayed(stream) && (chosen || cameForIt)) return 'recording'
    // The live player stays to the end, and over the last picture.
    return wasOnAir.current ? 'live' : 'words'
  }
  return [mode(), () => setChosen(true)]
}

/** It is over and there is a recording to play: all of it, or what is safe. */
export function canBeReplayed({ status, recording }: Stream): boolean {
  return status === 'ended' && recording !== null && recording.playback.hls !== null
}

export function isOnAir(stream: Stream): boolean {
  return stream.liveAt !== null && (stream.status === 'live' || stream.status === 'reconnecting')
}
