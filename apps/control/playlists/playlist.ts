// Parses the media playlist that nginx-rtmp writes.
import HLS from 'hls-parser'
import type { Segment } from '../domain/segment.ts'

export interface ListedSegment extends Segment {
  /** The file's name, as in the playlist. */
  readonly file: string
}

export interface Playlist {
  /** Whether it ends with EXT-X-ENDLIST. */
  readonly closed: boolean
  /** Oldest first. */
  readonly segments: readonly ListedSegment[]
}

/**
 * @param after return only the segments after this one, if it is still listed: parsing a whole hour takes
 *   milliseconds
 * @throws when it is not a media playlist
 */
export function parsePlaylist(text: string, after: ListedSegment | null = null): Playlist {
  if (!text.startsWith('#EXTM3U')) throw new Error('not an HLS playlist')
  const playlist = HLS.parse(after === null ? text : startingAfter(text, after))
  if (playlist.isMasterPlaylist) throw new Error('a multivariant playlist lists no segments')
  return {
    closed: playlist.endlist,
    segments: playlist.segments.map(({ uri, duration, discontinuity, mediaSequenceNumber }) => ({
      file: uri,
      // hls_fragment_naming system: the time in ms when nginx began it.
      startedAtMs: Number.parseInt(uri, 10),
      sequence: mediaSequenceNumber,
      durationMs: Math.round(duration * 1000),
      discontinuity: discontinuity ?? false,
    })),
  }
}

/** The playlist as it would be if it began after that segment. */
function startingAfter(text: string, { file, sequence }: ListedSegment): string {
  const line = `\n${file}\n`
  const at = text.lastIndexOf(line)
  const [target] = /^#EXT-X-TARGETDURATION:.*$/m.exec(text) ?? []
  if (at === -1 || target === undefined) return text
  const head = ['#EXTM3U', '#EXT-X-VERSION:3', target, `#EXT-X-MEDIA-SEQUENCE:${sequence + 1}`]
  return `${head.join('\n')}\n${text.slice(at + line.length)}`
}
