// The studio of one stream: its status, and what the streamer needs in each status.
import { reachableHttpUrl, reachableIngestUrl } from '../api/reachable-url.ts'
import { deleteStream, endStream, rotateKey } from '../api/streams.ts'
import { useStream } from '../streams/use-stream.ts'
import { STUDIO_TEXTS } from '../texts/studio-texts.ts'
import { TEXTS } from '../texts/texts.ts'
import { ConfirmButton, type ConfirmTexts } from '../ui/confirm-button.tsx'
import { ConnectionNotice } from '../ui/connection-notice.tsx'
import { useLazy } from '../ui/use-lazy.ts'
import { advice } from './advice.ts'
import { endDetail } from './attempt-notice.ts'
import { AttemptPanel } from './attempt-panel.tsx'
import { EncoderHelp } from './encoder-help.tsx'
import { IngestPanel } from './ingest-panel.tsx'
import { KeyPanel } from './key-panel.tsx'
import { NextStream } from './next-stream.tsx'
import { RecordingPanel } from './recording-panel.tsx'
import { type SavedStream, withKey } from './saved-stream.ts'
import { StatusLine } from './status-line.tsx'
import { useAttempts } from './use-attempts.ts'
import { useIngest } from './use-ingest.ts'
import { useStatusAge } from './use-status-age.ts'
import { WatchLink } from './watch-link.tsx'

export interface StreamDashboardProps {
  readonly saved: SavedStream
  /** Undefined: return to the form. */
  readonly onChange: (saved: SavedStream | undefined) => void
}

const END: ConfirmTexts = {
  label: STUDIO_TEXTS.end,
  title: STUDIO_TEXTS.endTitle,
  text: STUDIO_TEXTS.endText,
  cancel: STUDIO_TEXTS.endCancel,
  confirm: STUDIO_TEXTS.end,
  busy: STUDIO_TEXTS.ending,
}

const DELETE: ConfirmTexts = {
  label: STUDIO_TEXTS.delete,
  title: STUDIO_TEXTS.deleteTitle,
  text: STUDIO_TEXTS.deleteText,
  cancel: STUDIO_TEXTS.deleteCancel,
  confirm: STUDIO_TEXTS.delete,
  busy: STUDIO_TEXTS.deleting,
}

/** Loaded separately because it contains hls.js, the largest part of the player. */
const loadPreview = () => import('./preview.tsx').then((module) => module.Preview)

export function StreamDashboard({ saved, onChange }: StreamDashboardProps) {
  const { stream, missing, deleted, connected, recordingDeleted, onRecordingDeleted } = useStream(saved.id, {
    key: saved.key,
  })
  const status = stream?.status
  const history = useIngest(saved.id, saved.key, status)
  const attempts = useAttempts(saved.id, saved.key, stream !== undefined && !missing)
  const statusAgeMs = useStatusAge(stream)
  const bitrate = history.samples.at(-1)?.bitrate
  const over = status === 'ended' || missing
  const watchable = stream !== undefined && stream.liveAt !== null && !over
  const Preview = useLazy(loadPreview, watchable)
  const encoder = <Encoder saved={saved} waiting={status === 'waiting'} onChange={onChange} />
  return (
    <>
      <h2 class="dashboard-title">{saved.title ?? TEXTS.untitled}</h2>
      <ConnectionNotice connected={connected} />
      <StatusLine
        stream={stream}
        missing={missing}
        endDetail={endDetail(stream, attempts)}
        deleted={deleted}
        advice={stream && advice({ stream, ingest: history.latest, statusAgeMs, bitrate })}
      />
      {stream && <AttemptPanel attempts={attempts} endReason={stream.endReason} />}
      {watchable && (
        <div class="studio-preview">
          {Preview !== undefined && Preview !== 'failed' && (
            <Preview url={reachableHttpUrl(stream.playback.hls)} live={status === 'live'} />
          )}
        </div>
      )}
      {stream && status !== 'waiting' && !over && <IngestPanel stream={stream} history={history} />}
      {stream && !missing && (stream.recording || recordingDeleted) && (
        <RecordingPanel
          recording={stream.recording}
          streamKey={saved.key}
          live={!over}
          onDeleted={onRecordingDeleted}
        />
      )}
      {over && <NextStream saved={saved} onChange={onChange} />}
      {!over && (
        <>
          <WatchLink id={saved.id} />
          {watchable ? (
            <details class="encoder">
              <summary>{STUDIO_TEXTS.encoder}</summary>
              {encoder}
            </details>
          ) : (
            encoder
          )}
        </>
      )}
      {!missing && (
        <div class="buttons">
          {/* The event that follows updates the page. */}
          {!over && (
            <ConfirmButton
              texts={END}
              action={async () => {
                await endStream(saved.id, saved.key)
              }}
            />
          )}
          <ConfirmButton
            texts={DELETE}
            action={async () => {
              await deleteStream(saved.id, saved.key)
              onChange(undefined)
            }}
          />
        </div>
      )}
    </>
  )
}

function Encoder({ saved, waiting, onChange }: StreamDashboardProps & { readonly waiting: boolean }) {
  const ingestUrl = reachableIngestUrl(saved.ingestUrl)
  return (
    <>
      <KeyPanel
        ingestUrl={ingestUrl}
        streamKey={saved.key}
        expiresAt={saved.expiresAt}
        waiting={waiting}
        onRotate={async () => onChange(withKey(saved, await rotateKey(saved.id, saved.key)))}
      />
      <EncoderHelp ingestUrl={ingestUrl} streamKey={saved.key} />
    </>
  )
}
