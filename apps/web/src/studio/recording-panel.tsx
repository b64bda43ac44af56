// The streamer's recording: its status and progress, and how to watch, download and delete it.

import { deleteRecording } from '../api/recordings.ts'
import type { Recording } from '../api/shapes.ts'
import { RECORDING_TEXTS } from '../texts/studio-texts.ts'
import { ConfirmButton, type ConfirmTexts } from '../ui/confirm-button.tsx'
import { formatDuration } from '../ui/format-duration.ts'
import { formatSize } from '../ui/format-size.ts'
import { Mp4Link } from '../ui/mp4-link.tsx'
import { RecordingLossNote } from '../ui/recording-loss-note.tsx'
import { Stats } from '../ui/stats.tsx'
import { useRecordingProgress } from './use-recording-progress.ts'

const DELETE: ConfirmTexts = {
  label: RECORDING_TEXTS.delete,
  title: RECORDING_TEXTS.deleteTitle,
  text: RECORDING_TEXTS.deleteText,
  cancel: RECORDING_TEXTS.deleteCancel,
  confirm: RECORDING_TEXTS.delete,
  busy: RECORDING_TEXTS.deleting,
}
const STOP: ConfirmTexts = {
  label: RECORDING_TEXTS.stop,
  title: RECORDING_TEXTS.stopTitle,
  text: RECORDING_TEXTS.stopText,
  cancel: RECORDING_TEXTS.stopCancel,
  confirm: RECORDING_TEXTS.stopConfirm,
  busy: RECORDING_TEXTS.deleting,
}

export interface RecordingPanelProps {
  /** Null: the recording was deleted. */
  readonly recording: Recording | null
  readonly streamKey: string
  readonly live: boolean
  readonly onDeleted: () => void
}

export function RecordingPanel({ recording, streamKey, live, onDeleted }: RecordingPanelProps) {
  const latest = useRecordingProgress(recording, onDeleted)
  const text = statusHint(latest, live)
  return (
    <section class="panel" aria-labelledby="recording-title">
      <h3 id="recording-title" class="panel-title">
        {RECORDING_TEXTS.title}
      </h3>
      <div role="status">
        <p class={`recording-status recording-${latest?.status ?? 'deleted'}`}>
          {latest === null ? RECORDING_TEXTS.deleted : RECORDING_TEXTS.status[latest.status]}
        </p>
        {text !== undefined && <p class="muted">{text}</p>}
        {latest && <RecordingLossNote recording={latest} />}
      </div>
      {latest && (
        <>
          <Figures recording={latest} />
          <div class="buttons">
            {!live && latest.playback.hls !== null && (
              <a class="button quiet" href={`/watch/${latest.streamId}`} target="_blank" rel="noopener">
                {RECORDING_TEXTS.watch}
              </a>
            )}
            <Mp4Link recording={latest} />
            <ConfirmButton
              texts={latest.status === 'recording' ? STOP : DELETE}
              action={async () => {
                await deleteRecording(latest.streamId, streamKey)
                onDeleted()
              }}
            />
          </div>
          {!live && <small class="muted">{RECORDING_TEXTS.deleteHint}</small>}
        </>
      )}
    </section>
  )
}

function Figures({ recording: { status, durationS, sizeBytes } }: { recording: Recording }) {
  if (durationS === null || sizeBytes === null) return null
  return (
    <Stats
      stats={[
        [
          status === 'recording' ? RECORDING_TEXTS.soFar : RECORDING_TEXTS.duration,
          formatDuration(durationS * 1_000),
        ],
        [RECORDING_TEXTS.size, formatSize(sizeBytes)],
      ]}
    />
  )
}

function statusHint(recording: Recording | null, live: boolean): string | undefined {
  if (recording === null) return live ? RECORDING_TEXTS.deletedLive : undefined
  const { status } = recording
  switch (status) {
    case 'recording':
    case 'ready':
      return undefined
    case 'processing':
      return RECORDING_TEXTS.processing
    case 'failed':
      return live ? RECORDING_TEXTS.failedLive : undefined
    default:
      return status satisfies never
  }
}
