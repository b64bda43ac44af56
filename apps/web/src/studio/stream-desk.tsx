// The studio of one stream: its status as it moves, and what the streamer needs in each.
import { reachableIngestUrl } from '../api/reachable.ts'
import { rotateKey } from '../api/streams.ts'
import { useOneStream } from '../streams/use-one-stream.ts'
import { TEXTS } from '../texts.ts'
import { LostNotice } from '../ui/lost-notice.tsx'
import { EncoderHelp } from './encoder-help.tsx'
import { EndStream } from './end-stream.tsx'
import { KeyPanel } from './key-panel.tsx'
import { NextStream } from './next-stream.tsx'
import { type StudioSession, withKey } from './session.ts'
import { StatusLine } from './status-line.tsx'
import { STUDIO_TEXTS } from './studio-texts.ts'
import { WatchLink } from './watch-link.tsx'

export interface StreamDeskProps {
  readonly session: StudioSession
  /** Undefined: back to the form. */
  readonly onChange: (session: StudioSession | undefined) => void
}

export function StreamDesk({ session, onChange }: StreamDeskProps) {
  const { stream, missing, connected } = useOneStream(session.id, { key: session.key })
  const ingestUrl = reachableIngestUrl(session.ingestUrl, location.hostname)
  const status = stream?.status
  const over = status === 'ended' || missing
  return (
    <>
      <h2 class="desk-title">{session.title ?? TEXTS.untitled}</h2>
      <LostNotice connected={connected} />
      <StatusLine stream={stream} missing={missing} />
      {over && <NextStream session={session} onChange={onChange} />}
      {!over && (
        <>
          <WatchLink id={session.id} />
          <KeyPanel
            ingestUrl={ingestUrl}
            streamKey={session.key}
            expiresAt={stream?.streamKey?.expiresAt ?? session.expiresAt}
            waiting={status === 'waiting'}
            onRotate={async () => onChange(withKey(session, await rotateKey(session.id, session.key)))}
          />
          <EncoderHelp ingestUrl={ingestUrl} streamKey={session.key} />
          <EndStream id={session.id} streamKey={session.key} label={STUDIO_TEXTS.end} />
        </>
      )}
    </>
  )
}
