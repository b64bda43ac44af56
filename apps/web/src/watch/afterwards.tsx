// What there is to say and to do once a stream has ended.
import type { Stream } from '../api/shapes.ts'
import { TEXTS } from '../texts.ts'
import { canBeReplayed } from './stage-mode.ts'

export interface AfterwardsProps {
  readonly stream: Stream
  readonly text: string
  readonly onReplay: () => void
}

export function Afterwards({ stream, text, onReplay }: AfterwardsProps) {
  const { watch } = TEXTS
  const replay = canBeReplayed(stream)
  return (
    <>
      <p class="stage-title">{stream.liveAt === null ? watch.neverLiveTitle : watch.endedTitle}</p>
      <p>
        {text} {recordingText(stream)}
      </p>
      <div class="buttons">
        {replay && (
          <button type="button" class="button" onClick={onReplay}>
            {watch.replay}
          </button>
        )}
        <a class={replay ? 'button quiet' : 'button'} href="/">
          {watch.back}
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
      return TEXTS.watch.recordingComing
    case 'failed':
      return recording.playback.hls === null ? TEXTS.watch.notRecorded : TEXTS.watch.recordedInPart
    default:
      return status satisfies never
  }
}
