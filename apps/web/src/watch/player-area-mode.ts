// What the player area shows: a message, the live player, or the recording.
import { useRef, useState } from 'preact/hooks'
import type { Stream } from '../api/shapes.ts'

export type PlayerAreaMode = 'message' | 'live' | 'recording'

/** The mode, and a function to call when the viewer asks to watch the recording. */
export function usePlayerAreaMode(stream: Stream | undefined): [PlayerAreaMode, () => void] {
  const [requested, setRequested] = useState(false)
  const firstSeen = useRef<Stream>(undefined)
  const wasOnAir = useRef(false)
  firstSeen.current ??= stream
  if (stream && isOnAir(stream)) wasOnAir.current = true
  // A viewer who arrives after the end gets the recording at once; one who has just watched the stream live
  // gets a button for it.
  const endedBefore = firstSeen.current !== undefined && hasPlayableRecording(firstSeen.current)
  const mode = () => {
    if (stream && hasPlayableRecording(stream) && (requested || endedBefore)) return 'recording'
    // After the end the live player stays, with its last frame behind the end screen.
    return wasOnAir.current ? 'live' : 'message'
  }
  return [mode(), () => setRequested(true)]
}

/** The stream has ended and has a recording that can be played, at least in part. */
export function hasPlayableRecording({ status, recording }: Stream): boolean {
  return status === 'ended' && recording !== null && recording.playback.hls !== null
}

export function isOnAir(stream: Stream): boolean {
  return stream.liveAt !== null && (stream.status === 'live' || stream.status === 'reconnecting')
}
