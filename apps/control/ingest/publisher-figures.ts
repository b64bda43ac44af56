// What nginx-rtmp says on /stat about what comes in: bitrate, resolution, codecs.
import { XMLParser } from 'fast-xml-parser'
import { z } from 'zod'
import type { IngestFigures } from '../api/ingest-schemas.ts'
import { streamsOf } from './stat.ts'

const parser = new XMLParser({ parseTagValue: false })

/** 0 is how nginx says that it does not know. */
const number = z.coerce
  .number()
  .optional()
  .transform((value) => (value === undefined || Number.isNaN(value) || value === 0 ? null : value))
const text = z
  .string()
  .optional()
  .transform((value) => value || null)

const Video = z.object({
  codec: text,
  profile: text,
  level: text,
  width: number,
  height: number,
  frame_rate: number,
})
const Audio = z.object({ codec: text, profile: text, channels: number, sample_rate: number })
/** Elements without anything in them are parsed as ''. */
const empty = z.literal('').transform(() => undefined)
const Figures = z.object({
  bytes_in: number,
  bw_in: number,
  bw_video: number,
  bw_audio: number,
  meta: z
    .union([empty, z.object({ video: z.union([empty, Video]), audio: z.union([empty, Audio]) }).partial()])
    .optional(),
})

/** What comes in for one stream; undefined: nginx has none of this name. */
export type FiguresOf = (id: string) => IngestFigures | undefined

/**
 * What comes in at `live`. A stream's figures are made when they are asked for, one stream at a time.
 * @throws when it is not nginx-rtmp's XML; so does the answer, for the stream that is not
 */
export function parseIngest(xml: string): FiguresOf {
  const streams = new Map(streamsOf(xml, 'live'))
  return (id) => {
    const stream = streams.get(id)
    return stream === undefined ? undefined : toFigures(Figures.parse(parser.parse(`<s>${stream}</s>`).s))
  }
}

function toFigures({ bytes_in, bw_in, bw_video, bw_audio, meta }: z.output<typeof Figures>): IngestFigures {
  const { video, audio } = meta ?? {}
  return {
    bytesReceived: bytes_in,
    // In its first ten seconds nginx has measured nothing yet.
    bitrate: bw_in === null ? null : { total: bw_in, video: bw_video ?? 0, audio: bw_audio ?? 0 },
    video: video === undefined ? null : toVideo(video),
    audio: audio === undefined ? null : toAudio(audio),
  }
}

function toVideo({ frame_rate, ...rest }: z.output<typeof Video>): IngestFigures['video'] {
  const video = { ...rest, frameRate: frame_rate }
  return Object.values(video).every((value) => value === null) ? null : video
}

function toAudio({ sample_rate, ...rest }: z.output<typeof Audio>): IngestFigures['audio'] {
  const audio = { ...rest, sampleRate: sample_rate }
  return Object.values(audio).every((value) => value === null) ? null : audio
}
