// Reads how much of a stream is recorded so far, every few seconds while the page is visible. The server's
// answer counts what is stored; an estimate from the clock could show more.
import { useEffect, useState } from 'preact/hooks'
import { readRecording } from '../api/recordings.ts'
import { ApiError } from '../api/request.ts'
import type { Recording } from '../api/shapes.ts'
import { repeatWhileVisible } from '../ui/repeat-while-visible.ts'

const EVERY_MS = 3_000

/** @param onDeleted called when the recording was deleted elsewhere */
export function useRecordingProgress(recording: Recording | null, onDeleted: () => void): Recording | null {
  const [latest, setLatest] = useState<Recording>()
  const id = recording?.status === 'recording' ? recording.streamId : undefined
  useEffect(() => {
    if (id === undefined) return
    return repeatWhileVisible({
      everyMs: EVERY_MS,
      task: async (signal) => {
        try {
          setLatest(await readRecording(id, signal))
        } catch (error) {
          if (error instanceof ApiError && error.problem.code === 'recording_not_found') onDeleted()
        }
      },
    })
  }, [id])
  return recording?.status === 'recording' && latest?.status === 'recording' ? latest : recording
}
