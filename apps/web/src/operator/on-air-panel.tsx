// What is on air now: each stream with its publisher, and what an operator can do about it.

import type { OnAir } from '../api/shapes.ts'
import { endStream } from '../api/streams.ts'
import { OPERATOR_TEXTS } from '../texts/operator-texts.ts'
import { TEXTS } from '../texts/texts.ts'
import { ConfirmButton, type ConfirmTexts } from '../ui/confirm-button.tsx'
import { ConnectionNotice } from '../ui/connection-notice.tsx'
import { bitrateText, videoText } from '../ui/format-ingest.ts'
import { Stats } from '../ui/stats.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { TimeOnAir } from '../ui/time-on-air.tsx'
import { TakeDownButton } from './take-down-button.tsx'
import { useOnAir } from './use-on-air.ts'

const END: ConfirmTexts = {
  label: OPERATOR_TEXTS.end,
  title: OPERATOR_TEXTS.endTitle,
  text: OPERATOR_TEXTS.endText,
  cancel: OPERATOR_TEXTS.endCancel,
  confirm: OPERATOR_TEXTS.end,
  busy: OPERATOR_TEXTS.ending,
}

export function OnAirPanel({ token, onRefused }: { token: string; onRefused: () => void }) {
  const { streams, connected, reload } = useOnAir(token, onRefused)
  return (
    <section aria-labelledby="on-air-title">
      <h2 id="on-air-title" class="operator-title">
        {OPERATOR_TEXTS.onAir}
        {streams && streams.length > 0 && (
          <small class="muted"> {OPERATOR_TEXTS.count(streams.length)}</small>
        )}
      </h2>
      <ConnectionNotice connected={connected} />
      {streams === undefined && <p class="muted">{TEXTS.loading}</p>}
      {streams?.length === 0 && <p class="muted">{OPERATOR_TEXTS.nothing}</p>}
      <ul class="operator-list">
        {streams?.map((onAir) => (
          <OnAirItem key={onAir.stream.id} onAir={onAir} token={token} onChanged={reload} />
        ))}
      </ul>
    </section>
  )
}

interface ItemProps {
  readonly onAir: OnAir
  readonly token: string
  readonly onChanged: () => void
}

function OnAirItem({ onAir, token, onChanged }: ItemProps) {
  const { stream, publisher, node } = onAir
  return (
    <li class={`panel status status-${stream.status}`}>
      {stream.liveAt !== null && (
        <span class="status-time">
          <TimeOnAir liveAt={stream.liveAt} label={TEXTS.onAir} />
        </span>
      )}
      <div>
        <StatusBadge status={stream.status} />
        <h3 class="status-title">
          <a href={`/watch/${stream.id}`} target="_blank" rel="noopener">
            {stream.title ?? TEXTS.untitled}
          </a>
        </h3>
      </div>
      <Figures {...onAir} />
      {publisher === null && <p class="muted">{OPERATOR_TEXTS.noPublisher}</p>}
      {publisher !== null && publisher.ingest === null && node !== null && (
        <p class="muted">{OPERATOR_TEXTS.elsewhere(node)}</p>
      )}
      <div class="buttons">
        <ConfirmButton
          texts={END}
          action={async () => {
            await endStream(stream.id, token)
            onChanged()
          }}
        />
        <TakeDownButton id={stream.id} token={token} onDone={onChanged} />
      </div>
    </li>
  )
}

function Figures({ stream, publisher, node }: OnAir) {
  const { address = null, encoder = null, ingest = null } = publisher ?? {}
  const bitrate = ingest?.bitrate?.total
  const stats: [string, string][] = [
    [OPERATOR_TEXTS.address, address ?? OPERATOR_TEXTS.unknown],
    [OPERATOR_TEXTS.encoder, encoder ?? OPERATOR_TEXTS.unknown],
    [OPERATOR_TEXTS.bitrate, bitrate === undefined ? OPERATOR_TEXTS.unknown : bitrateText(bitrate)],
    [OPERATOR_TEXTS.video, ingest === null ? OPERATOR_TEXTS.unknown : videoText(ingest)],
    [OPERATOR_TEXTS.viewers, stream.viewers.toLocaleString('en')],
    [OPERATOR_TEXTS.node, node ?? OPERATOR_TEXTS.unknown],
  ]
  return <Stats stats={stats} />
}
