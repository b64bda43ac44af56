// The end screen: shown once a stream has ended, with a link to what the viewer can do next.
import type { Stream } from '../api/shapes.ts'
import { TEXTS } from '../texts/texts.ts'
import { hasPlayableRecording } from './player-area-mode.ts'

export interface EndScreenProps {
  readonly stream: Stream
  readonly text: string
  readonly onWatchRecording: () => void
}

export function EndScreen({ stream, text, onWatchRecording }: EndScreenProps) {
  const { watch } = TEXTS
  const playable = hasPlayableRecording(stream)
  return (
    <>
      <p class="player-message-title">{stream.liveAt === null ? watch.neverLiveTitle : watch.endedTitle}</p>
      <p>
        {text} {recordingText(stream)}
      </p>
      <div class="buttons">
        {playable && (
          <button type="button" class="button" onClick={onWatchRecording}>
            {watch.watchRecording}
          </button>
        )}
        <a class={playable ? 'button quiet' : 'button'} href="/">
          {TEXTS.toHome}
        </a>
      </div>
    </>
  )
}

function recordingText({ recording }: Stream): string {
  if (recording === null) return ''
  const { status } = recording
  switch (status) {
    case 'ready':
      return ''
    case 'recording':
    case 'processing':
      return TEXTS.watch.recordingSoon
    case 'failed':
      return recording.playback.hls === null ? TEXTS.watch.notRecorded : TEXTS.watch.recordedInPart
    default:
      return status satisfies never
  }
}
