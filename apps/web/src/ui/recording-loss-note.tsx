// Says what is missing from a recording. Shows nothing when it is complete.
import type { Recording } from '../api/shapes.ts'
import { lossText } from './recording-loss.ts'

export function RecordingLossNote({ recording }: { recording: Recording }) {
  const text = lossText(recording)
  if (text === undefined) return null
  return <p class={recording.status === 'failed' ? 'advice' : 'muted'}>{text}</p>
}
