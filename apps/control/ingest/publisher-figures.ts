// Reads from /stat what publishers send: bitrate, resolution, codecs.
import { XMLParser } from 'fast-xml-parser'
import { z } from 'zod'
import type { IngestFigures } from '../api/ingest-schemas.ts'
import { streamsOf } from './stat.ts'

const parser = new XMLParser({ parseTagValue: false })

/** nginx writes 0 for a value that it does not know. */
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
/** Empty elements are parsed as ''. */
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

/** What the publisher of a stream sends; undefined: nginx has no such stream. */
export type FiguresOf = (id: string) => IngestFigures | undefined

/**
 * What publishers send to the application `live`. A stream is parsed only when it is asked for.
 * @throws when this is not nginx-rtmp's XML; the returned function throws when a stream's element is not
 */
export function parseFigures(xml: string): FiguresOf {
  const streams = new Map(streamsOf(xml, 'live'))
  return (id) => {
    const stream = streams.get(id)
    return stream === undefined ? undefined : toFigures(Figures.parse(parser.parse(`<s>${stream}</s>`).s))
  }
}

const Client = z.object({ flashver: text, publishing: z.unknown().optional() })
const Clients = z.object({ client: z.union([Client.transform((one) => [one]), z.array(Client)]) })

/**
 * The program that the publisher of a stream says it is, at most 31 characters of it; null: it does not say; undefined:
 * nginx has no such stream, or the stream has no publisher.
 */
export type EncoderOf = (id: string) => string | null | undefined

/** The same as `parseFigures`, for the publishers' programs. */
export function parseEncoders(xml: string): EncoderOf {
  const streams = new Map(streamsOf(xml, 'live'))
  return (id) => {
    const stream = streams.get(id)
    if (stream === undefined) return undefined
    const { client } = Clients.parse(parser.parse(`<s>${stream}</s>`).s)
    return client.find(({ publishing }) => publishing !== undefined)?.flashver
  }
}

function toFigures({ bytes_in, bw_in, bw_video, bw_audio, meta }: z.output<typeof Figures>): IngestFigures {
  const { video, audio } = meta ?? {}
  return {
    bytesReceived: bytes_in,
    // nginx measures for ten seconds before it reports a bitrate.
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
