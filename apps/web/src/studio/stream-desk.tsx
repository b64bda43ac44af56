// The studio of one stream: its status as it moves, and what the streamer needs in each.
import { hereUrl, reachableIngestUrl } from '../api/reachable.ts'
import { endStream, rotateKey } from '../api/streams.ts'
import { useOneStream } from '../streams/use-one-stream.ts'
import { TEXTS } from '../texts.ts'
import { LostNotice } from '../ui/lost-notice.tsx'
import { useLoaded } from '../ui/use-loaded.ts'
import { advice } from './advice.ts'
import { ConfirmButton, type ConfirmTexts } from './confirm-button.tsx'
import { EncoderHelp } from './encoder-help.tsx'
import { IngestPanel } from './ingest-panel.tsx'
import { KeyPanel } from './key-panel.tsx'
import { NextStream } from './next-stream.tsx'
import { RecordingPanel } from './recording-panel.tsx'
import { type StudioSession, withKey } from './session.ts'
import { StatusLine } from './status-line.tsx'
import { STUDIO_TEXTS } from './studio-texts.ts'
import { useIngest } from './use-ingest.ts'
import { useStatusAge } from './use-status-age.ts'
import { WatchLink } from './watch-link.tsx'

export interface StreamDeskProps {
  readonly session: StudioSession
  /** Undefined: back to the form. */
  readonly onChange: (session: StudioSession | undefined) => void
}

const END: ConfirmTexts = {
  label: STUDIO_TEXTS.end,
  title: STUDIO_TEXTS.endTitle,
  text: STUDIO_TEXTS.endText,
  cancel: STUDIO_TEXTS.endCancel,
  confirm: STUDIO_TEXTS.end,
  busy: STUDIO_TEXTS.ending,
}

/** It brings the player's larger half along. */
const loadPreview = () => import('./preview.tsx').then((module) => module.Preview)

export function StreamDesk({ session, onChange }: StreamDeskProps) {
  const { stream, missing, connected, recordingDeleted, onRecordingDeleted } = useOneStream(session.id, {
    key: session.key,
  })
  const status = stream?.status
  const history = useIngest(session.id, session.key, status)
  const forMs = useStatusAge(stream)
  const over = status === 'ended' || missing
  const watchable = stream !== undefined && stream.liveAt !== null && !over
  const Preview = useLoaded(loadPreview, watchable)
  const encoder = <Encoder session={session} waiting={status === 'waiting'} onChange={onChange} />
  return (
    <>
      <h2 class="desk-title">{session.title ?? TEXTS.untitled}</h2>
      <LostNotice connected={connected} />
      <StatusLine
        stream={stream}
        missing={missing}
        advice={stream && advice({ stream, ingest: history.latest, forMs })}
      />
      {watchable && (
        <div class="studio-preview">
          {Preview !== undefined && Preview !== 'failed' && (
            <Preview url={hereUrl(stream.playback.hls)} live={status === 'live'} />
          )}
        </div>
      )}
      {stream && status !== 'waiting' && !over && <IngestPanel stream={stream} history={history} />}
      {stream && (stream.recording || recordingDeleted) && (
        <RecordingPanel
          recording={stream.recording}
          streamKey={session.key}
          live={!over}
          onDeleted={onRecordingDeleted}
        />
      )}
      {over && <NextStream session={session} onChange={onChange} />}
      {!over && (
        <>
          <WatchLink id={session.id} />
          {watchable ? (
            <details class="encoder">
              <summary>{STUDIO_TEXTS.encoder}</summary>
              {encoder}
            </details>
          ) : (
            encoder
          )}
          {/* The page itself moves on by the event that follows. */}
          <ConfirmButton
            texts={END}
            work={async () => {
              await endStream(session.id, session.key)
            }}
          />
        </>
      )}
    </>
  )
}

function Encoder({ session, waiting, onChange }: StreamDeskProps & { readonly waiting: boolean }) {
  const ingestUrl = reachableIngestUrl(session.ingestUrl, location.hostname)
  return (
    <>
      <KeyPanel
        ingestUrl={ingestUrl}
        streamKey={session.key}
        expiresAt={session.expiresAt}
        waiting={waiting}
        onRotate={async () => onChange(withKey(session, await rotateKey(session.id, session.key)))}
      />
      <EncoderHelp ingestUrl={ingestUrl} streamKey={session.key} />
    </>
  )
}
