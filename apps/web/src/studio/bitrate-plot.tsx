// A small plot of the bitrate over the last minutes, with its range as text for screen readers.
import { serverNow } from '../api/server-clock.ts'
import { INGEST_TEXTS } from '../texts/studio-texts.ts'
import { bitrateText } from '../ui/format-ingest.ts'
import { bitratePath } from './bitrate-path.ts'
import { type BitrateSample, HISTORY_MS } from './ingest-history.ts'

const WIDTH = 360
const HEIGHT = 64

export function BitratePlot({ samples }: { samples: readonly BitrateSample[] }) {
  const top = Math.max(...samples.map(({ bitrate }) => bitrate), 1)
  const lowest = Math.min(...samples.map(({ bitrate }) => bitrate))
  const path = bitratePath(samples, {
    width: WIDTH,
    height: HEIGHT,
    until: serverNow(),
    spanMs: HISTORY_MS,
    top,
  })
  return (
    <figure class="plot">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={
          samples.length < 2
            ? INGEST_TEXTS.plotEmpty
            : INGEST_TEXTS.plotRange(bitrateText(lowest), bitrateText(top))
        }
      >
        <path class="plot-area" d={path.area} />
        <path class="plot-line" d={path.line} vector-effect="non-scaling-stroke" />
      </svg>
      <figcaption>
        <span>{INGEST_TEXTS.plotFrom}</span>
        <span>{samples.length < 2 ? '' : INGEST_TEXTS.plotTop(bitrateText(top))}</span>
        <span>{INGEST_TEXTS.plotTo}</span>
      </figcaption>
    </figure>
  )
}
