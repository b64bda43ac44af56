// Shows the viewers and the measurements of the incoming stream while the stream is on air.

import type { Stream } from '../api/shapes.ts'
import { INGEST_TEXTS } from '../texts/studio-texts.ts'
import { audioText, bitrateText, frameRateText, videoText } from '../ui/format-ingest.ts'
import { Stats } from '../ui/stats.tsx'
import { BitratePlot } from './bitrate-plot.tsx'
import type { IngestHistory } from './ingest-history.ts'

export function IngestPanel({ stream, history }: { stream: Stream; history: IngestHistory }) {
  const { latest, samples } = history
  const bitrate = samples.at(-1)?.bitrate ?? latest?.bitrate?.total
  const stats: [string, string][] = [
    [INGEST_TEXTS.viewers, stream.viewers.toLocaleString('en')],
    [INGEST_TEXTS.bitrate, latest === undefined || bitrate === undefined ? '–' : bitrateText(bitrate)],
    [INGEST_TEXTS.frameRate, latest === undefined ? '–' : frameRateText(latest)],
    [INGEST_TEXTS.video, latest === undefined ? '–' : videoText(latest)],
    [INGEST_TEXTS.audio, latest === undefined ? '–' : audioText(latest)],
  ]
  return (
    <section class="panel" aria-labelledby="ingest-title">
      <h3 id="ingest-title" class="panel-title">
        {INGEST_TEXTS.title}
      </h3>
      <Stats stats={stats} />
      <BitratePlot samples={samples} />
    </section>
  )
}
