// How much of a broadcast is kept by now, asked every few seconds while somebody looks: what the
// server says is safe, not what the clock would make of it.
import { useEffect, useState } from 'preact/hooks'
import { readRecording } from '../api/recordings.ts'
import { ApiError } from '../api/request.ts'
import type { Recording } from '../api/shapes.ts'
import { repeatWhileSeen } from '../ui/repeat-while-seen.ts'

const EVERY_MS = 3_000

/** @param onDeleted it is gone: somebody else has deleted it */
export function useKept(recording: Recording | null, onDeleted: () => void): Recording | null {
  const [latest, setLatest] = useState<Recording>()
  const id = recording?.status === 'recording' ? recording.streamId : undefined
  useEffect(() => {
    if (id === undefined) return
    return repeatWhileSeen({
      everyMs: EVERY_MS,
      work: async (signal) => {
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
