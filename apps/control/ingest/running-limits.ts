// Ends running broadcasts that are over MAX_BITRATE or MAX_DURATION, and, one after the other, while the disk of
// HLS_DIR is about to fill (docs/decisions/0020-limits-for-publishers.md).
import type { AttemptLog } from '../attempts/attempt-log.ts'
import type { Logger } from '../common/logger.ts'
import {
  BITRATE_WINDOW_MS,
  isAboutToFill,
  isOverDuration,
  type PublisherLimits,
  type RunningLimit,
} from '../domain/limits.ts'
import type { Session, Stream } from '../domain/stream.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { StreamService } from '../streams/service.ts'
import { isPublishing, type Snapshot } from './nginx-client.ts'

/** How much a session had sent at some time, by the monotonic clock. */
interface Reading {
  readonly atMs: number
  readonly bytes: number
}

interface Measured {
  readonly session: string
  /** Oldest first: one that is at least BITRATE_WINDOW_MS old, if there is one, and all after it. */
  readonly readings: readonly Reading[]
}

export interface RunningLimitsOptions {
  readonly streams: StreamService
  readonly folder: Pick<HlsFolder, 'freeBytes'>
  readonly limits: PublisherLimits
  readonly attempts: AttemptLog
  readonly logger: Logger
  readonly now: () => Date
  readonly monotonicMs?: (() => number) | undefined
}

export class RunningLimits {
  readonly #options: RunningLimitsOptions
  readonly #monotonicMs: () => number
  #measured: ReadonlyMap<string, Measured> = new Map()
  /** What was free when a broadcast was ended for want of space; null: there is enough space. */
  #freeAtLastEnd: number | null = null

  constructor(options: RunningLimitsOptions) {
    this.#options = options
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
  }

  /**
   * To be called every few seconds.
   * @param open this node's streams whose playlist is open
   * @param snapshot what nginx says at this time; null: nothing
   * @throws DatabaseUnavailableError
   */
  async keep(open: readonly Stream[], snapshot: Snapshot | null): Promise<void> {
    const running = open.filter(({ status }) => status !== 'ended')
    const { limits } = this.#options
    if (limits.durationMs !== 0) await this.#keepDuration(running)
    if (limits.bitrateKbits !== 0 && snapshot !== null) await this.#keepBitrate(running, snapshot)
    if (limits.minFreeBytes !== 0) await this.#keepSpace(running)
  }

  async #keepDuration(running: readonly Stream[]): Promise<void> {
    const { limits, now } = this.#options
    for (const stream of running) {
      if (!isOverDuration(stream, limits, now())) continue
      const maxDurationS = limits.durationMs / 1_000
      const detail = `The stream lasted ${number(maxDurationS)} s, as long as a stream may on this server.`
      await this.#end(stream, 'limit_duration', null, { maxDurationS }, detail)
    }
  }

  async #keepBitrate(running: readonly Stream[], snapshot: Snapshot): Promise<void> {
    const { limits } = this.#options
    const measured = new Map<string, Measured>()
    for (const stream of running) {
      const { id, session } = stream
      if (session === null || !isPublishing(snapshot, id, session)) continue
      const own = this.#measure(id, session, snapshot.bytesReceived.get(id) ?? 0)
      measured.set(id, own)
      const kbits = bitrateOf(own.readings)
      if (kbits === null || kbits <= limits.bitrateKbits) continue
      const figures = { bitrateKbits: Math.round(kbits), maxBitrateKbits: limits.bitrateKbits }
      const detail = `The encoder sent ${number(figures.bitrateKbits)} kbit/s; this server takes ${number(limits.bitrateKbits)}.`
      await this.#end(stream, 'limit_bitrate', session, figures, detail)
    }
    this.#measured = measured
  }

  #measure(id: string, { nginx, clientId, acceptedAt }: Session, bytes: number): Measured {
    const session = `${nginx} ${clientId} ${acceptedAt.getTime()}`
    const before = this.#measured.get(id)
    const atMs = this.#monotonicMs()
    const readings = [...(before?.session === session ? before.readings : []), { atMs, bytes }]
    // The newest of those that are old enough is where the window begins.
    const begin = readings.findLastIndex((reading) => atMs - reading.atMs >= BITRATE_WINDOW_MS)
    return { session, readings: readings.slice(Math.max(0, begin)) }
  }

  /**
   * The newest broadcast ends first: it has the least to lose, and it would have been refused a little later.
   * The next one only when the space has shrunk since.
   */
  async #keepSpace(running: readonly Stream[]): Promise<void> {
    const { folder, limits } = this.#options
    const freeBytes = folder.freeBytes()
    if (!isAboutToFill(freeBytes, limits)) {
      this.#freeAtLastEnd = null
      return
    }
    if (this.#freeAtLastEnd !== null && freeBytes >= this.#freeAtLastEnd) return
    const [newest] = running
      .filter(({ session }) => session !== null)
      .sort((a, b) => (b.connectedAt?.getTime() ?? 0) - (a.connectedAt?.getTime() ?? 0))
    if (newest === undefined) return
    this.#freeAtLastEnd = freeBytes
    const detail = 'The server’s disk was nearly full; the newest stream was ended.'
    await this.#end(newest, 'disk_full', newest.session, { freeBytes }, detail)
  }

  async #end(
    { id: stream, publisherAddress: address }: Stream,
    limit: RunningLimit,
    session: Session | null,
    figures: Readonly<Record<string, number>>,
    detail: string,
  ): Promise<void> {
    const { streams, attempts, logger, now } = this.#options
    const result = await streams.submit(stream, { kind: 'limit-exceeded', limit, session })
    if (!result?.changed) return
    logger.warn({ stream, limit, address, ...figures }, 'a limit of this server ended a stream')
    attempts.note({ at: now(), streamId: stream, address, encoder: null, result: limit, detail })
  }
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** Kilobits per second; null: too short to say. */
function bitrateOf(readings: readonly Reading[]): number | null {
  const [first, last] = [readings[0], readings.at(-1)]
  if (first === undefined || last === undefined) return null
  const ms = last.atMs - first.atMs
  return ms < BITRATE_WINDOW_MS ? null : (8 * (last.bytes - first.bytes)) / ms
}
