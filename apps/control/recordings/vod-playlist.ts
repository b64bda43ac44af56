// The playlist of a finished recording (RFC 8216, PLAYLIST-TYPE VOD), and storing it.
import HLS from 'hls-parser'
import { VOD_PLAYLIST } from '../domain/recording-files.ts'
import { continues, type StoredSegment } from '../domain/segment.ts'
import { segmentName } from './segment-name.ts'
import type { Storage } from './storage.ts'

/** Consecutive segments of one publisher, with none missing between them. */
export type Run = readonly StoredSegment[]

/** Splits segments into runs: a new run begins where a segment does not continue the one before it. */
export function toRuns(segments: readonly StoredSegment[]): Run[] {
  const runs: StoredSegment[][] = []
  segments.forEach((segment, index) => {
    const before = segments[index - 1]
    if (before !== undefined && continues(before, segment)) runs.at(-1)?.push(segment)
    else runs.push([segment])
  })
  return runs
}

/** The playlist's text. @param runs as `toRuns` returns them, at least one */
export function vodPlaylist(runs: readonly Run[]): string {
  const { MediaPlaylist, Segment: Entry } = HLS.types
  const entries = runs.flatMap((run) =>
    run.map(
      (segment, index) =>
        new Entry({
          uri: segmentName(segment),
          duration: segment.durationMs / 1000,
          discontinuity: index === 0,
          // Only at the start of a run: nginx's times of later segments include network jitter, and players add up
          // the durations.
          ...(index === 0 ? { programDateTime: new Date(segment.startedAtMs) } : {}),
        }),
    ),
  )
  const longestMs = Math.max(...runs.flat().map(({ durationMs }) => durationMs))
  const text = HLS.stringify(
    new MediaPlaylist({
      version: 3,
      playlistType: 'VOD',
      targetDuration: Math.max(1, Math.ceil(longestMs / 1000)),
      mediaSequenceBase: 0,
      endlist: true,
      segments: entries,
    }),
  )
  return `${text}\n`
}

/** Stores the playlist of these segments, at least one. */
export async function storeVodPlaylist(
  storage: Storage,
  streamId: string,
  segments: readonly StoredSegment[],
  signal: AbortSignal,
): Promise<void> {
  await storage.storeText(streamId, VOD_PLAYLIST, vodPlaylist(toRuns(segments)), signal)
}
