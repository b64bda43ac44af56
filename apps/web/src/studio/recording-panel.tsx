// The streamer's recording, from its first second to the file: what is kept, where it is, and how to
// get rid of it.
import { deleteRecording } from '../api/recordings.ts'
import type { Recording } from '../api/shapes.ts'
import { formatDuration } from '../ui/duration.ts'
import { Mp4Link } from '../ui/mp4-link.tsx'
import { RecordingLossNote } from '../ui/recording-loss-note.tsx'
import { formatSize } from '../ui/size.ts'
import { ConfirmButton, type ConfirmTexts } from './confirm-button.tsx'
import { RECORDING_TEXTS } from './studio-texts.ts'
import { useKept } from './use-kept.ts'

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
  /** Null: it was deleted. */
  readonly recording: Recording | null
  readonly streamKey: string
  readonly live: boolean
  readonly onDeleted: () => void
}

export function RecordingPanel({ recording, streamKey, live, onDeleted }: RecordingPanelProps) {
  const kept = useKept(recording, onDeleted)
  const text = hint(kept, live)
  return (
    <section class="panel" aria-labelledby="recording-title">
      <h3 id="recording-title" class="panel-title">
        {RECORDING_TEXTS.title}
      </h3>
      <div role="status">
        <p class={`recording-status recording-${kept?.status ?? 'deleted'}`}>
          {kept === null ? RECORDING_TEXTS.deleted : RECORDING_TEXTS.status[kept.status]}
        </p>
        {text !== undefined && <p class="muted">{text}</p>}
        {kept && <RecordingLossNote recording={kept} />}
      </div>
      {kept && (
        <>
          <Figures recording={kept} />
          <div class="buttons">
            {!live && kept.playback.hls !== null && (
              <a class="button quiet" href={`/watch/${kept.streamId}`} target="_blank" rel="noopener">
                {RECORDING_TEXTS.watch}
              </a>
            )}
            <Mp4Link recording={kept} />
            <ConfirmButton
              texts={kept.status === 'recording' ? STOP : DELETE}
              work={async () => {
                await deleteRecording(kept.streamId, streamKey)
                onDeleted()
              }}
            />
          </div>
          {!live && <small class="muted">{RECORDING_TEXTS.until}</small>}
        </>
      )}
    </section>
  )
}

function Figures({ recording: { status, durationS, sizeBytes } }: { recording: Recording }) {
  if (durationS === null || sizeBytes === null) return null
  return (
    <dl class="facts">
      <div>
        <dt>{status === 'recording' ? RECORDING_TEXTS.kept : RECORDING_TEXTS.length}</dt>
        <dd>{formatDuration(durationS * 1_000)}</dd>
      </div>
      <div>
        <dt>{RECORDING_TEXTS.size}</dt>
        <dd>{formatSize(sizeBytes)}</dd>
      </div>
    </dl>
  )
}

function hint(recording: Recording | null, live: boolean): string | undefined {
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
