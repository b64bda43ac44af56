// Formats the measurements of the incoming stream, and says when a codec can't be played.
import type { Ingest } from '../api/shapes.ts'
import { INGEST_TEXTS } from '../texts/studio-texts.ts'

const CODECS: Readonly<Record<string, string>> = { H264: 'H.264' }

export function videoText({ video }: Ingest): string {
  if (video === null) return INGEST_TEXTS.none
  const size = video.width !== null && video.height !== null ? `${video.width} × ${video.height}` : null
  const codec = video.codec === null ? INGEST_TEXTS.unknownCodec : (CODECS[video.codec] ?? video.codec)
  return join([size, codec, video.profile])
}

export function frameRateText({ video }: Ingest): string {
  const rate = video?.frameRate ?? null
  return rate === null ? INGEST_TEXTS.none : INGEST_TEXTS.fps(Number(rate.toFixed(2)))
}

export function audioText({ audio }: Ingest): string {
  if (audio === null) return INGEST_TEXTS.none
  const channels = audio.channels === null ? null : INGEST_TEXTS.channels(audio.channels)
  const rate = audio.sampleRate === null ? null : INGEST_TEXTS.kilohertz(audio.sampleRate / 1_000)
  return join([audio.codec ?? INGEST_TEXTS.unknownCodec, channels, rate])
}

/** 1,303,808 → "1.3 Mbit/s"; 96,000 → "96 kbit/s". */
export function bitrateText(bitsPerSecond: number): string {
  return bitsPerSecond < 1_000_000
    ? INGEST_TEXTS.kbits(Math.round(bitsPerSecond / 1_000))
    : INGEST_TEXTS.mbits((bitsPerSecond / 1_000_000).toFixed(1))
}

/** What is wrong with the codecs; undefined: nothing. */
export function codecProblem(ingest: Ingest | undefined): string | undefined {
  if (ingest?.video && ingest.video.codec !== 'H264') return INGEST_TEXTS.wrongVideo(ingest.video.codec)
  if (ingest?.audio && ingest.audio.codec !== 'AAC') return INGEST_TEXTS.wrongAudio(ingest.audio.codec)
  return undefined
}

function join(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join(', ')
}
