// The playlist of a finished recording: RFC 8216, PLAYLIST-TYPE VOD.
import HLS from 'hls-parser'
import { missingBetween, nameOf, type Segment } from '../domain/segment.ts'

/** Segments, in order, that belong together: one publisher's, with nothing missing between them. */
export type Run = readonly Segment[]

/** Where the pictures do not go on from the segment before, a new run begins. */
export function toRuns(segments: readonly Segment[]): Run[] {
  const runs: Segment[][] = []
  segments.forEach((segment, index) => {
    const before = segments[index - 1]
    const goesOn = !segment.discontinuity && before !== undefined && missingBetween(before, segment) === 0
    if (goesOn) runs.at(-1)?.push(segment)
    else runs.push([segment])
  })
  return runs
}

/** @param runs as of `toRuns`, at least one */
export function vodPlaylist(runs: readonly Run[]): string {
  const { MediaPlaylist, Segment: Entry } = HLS.types
  const entries = runs.flatMap((run) =>
    run.map(
      (segment, index) =>
        new Entry({
          uri: nameOf(segment),
          duration: segment.durationMs / 1000,
          discontinuity: index === 0,
          // From there players count on: nginx's clock at later segments is off by the network's jitter.
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
