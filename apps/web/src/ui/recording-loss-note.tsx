// Says what is not in a recording; nothing where all is.
import type { Recording } from '../api/shapes.ts'
import { lossText } from './recording-loss.ts'

export function RecordingLossNote({ recording }: { recording: Recording }) {
  const text = lossText(recording)
  if (text === undefined) return null
  return <p class={recording.status === 'failed' ? 'advice' : 'muted'}>{text}</p>
}
