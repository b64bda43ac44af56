// Streams and events as the service sends them, for the page's tests.
import type { Stream, StreamEvent } from '../../apps/web/src/api/shapes.ts'

export function stream(id: string, changes: Partial<Stream> = {}): Stream {
  return {
    id,
    title: null,
    status: 'live',
    createdAt: '2026-03-01T10:00:00.000Z',
    connectedAt: '2026-03-01T10:01:00.000Z',
    liveAt: '2026-03-01T10:01:04.000Z',
    endedAt: null,
    endReason: null,
    record: false,
    viewers: 0,
    playback: {
      hls: `http://localhost:8080/hls/${id}/index.m3u8`,
      dash: `http://localhost:8080/dash/${id}/index.mpd`,
    },
    ...changes,
  }
}

export function event(id: string, of: Stream): StreamEvent {
  return { id, type: `stream.${of.status}`, createdAt: '2026-03-01T10:02:00.000Z', stream: of }
}
