// What the streamer is told of the newest try to publish, if it went wrong. Pure.
import type { Attempt, Stream } from '../api/shapes.ts'
import { ATTEMPT_TEXTS } from '../texts/attempt-texts.ts'

/** An older one is no longer what the streamer wonders about. */
const RECENT_MS = 15 * 60_000

export interface AttemptNotice {
  readonly text: string
  readonly advice: string
  /** "20 s ago from 203.0.113.7 (OBS)". */
  readonly from: string
}

/**
 * @param attempts newest first
 * @param endReason of the stream; the status line tells of a limit that has ended it
 * @param now milliseconds since 1970 by the service's clock
 */
export function attemptNotice(
  attempts: readonly Attempt[],
  endReason: Stream['endReason'],
  now: number,
): AttemptNotice | undefined {
  const [newest] = attempts
  if (newest === undefined || newest.result === endReason) return undefined
  const ageMs = Math.max(0, now - Date.parse(newest.at))
  const known = ATTEMPT_TEXTS.results[newest.result]
  if (known === undefined || ageMs > RECENT_MS) return undefined
  const [text, advice] = known
  return { text, advice: join([newest.detail, advice]), from: ATTEMPT_TEXTS.from(agoText(ageMs), newest) }
}

/** The figures of the limit that ended the stream; undefined: it ended for another reason. */
export function endDetail(stream: Stream | undefined, attempts: readonly Attempt[]): string | undefined {
  const ended = attempts.find(({ result }) => result === stream?.endReason)
  return ended?.detail ?? undefined
}

function agoText(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  return seconds < 60 ? ATTEMPT_TEXTS.secondsAgo(seconds) : ATTEMPT_TEXTS.minutesAgo(Math.floor(seconds / 60))
}

function join(sentences: readonly (string | null)[]): string {
  return sentences.filter((sentence) => sentence !== null && sentence !== '').join(' ')
}
