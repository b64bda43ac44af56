// Streams, recordings and events as the service sends them, for the tests of the page.
import type { Recording, Stream, StreamEvent } from '../../apps/web/src/api/shapes.ts'

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
    recording: null,
    ...changes,
  }
}

export function recording(streamId: string, changes: Partial<Recording> = {}): Recording {
  const folder = `http://localhost:8080/recordings/${streamId}`
  return {
    streamId,
    title: null,
    status: 'ready',
    startedAt: '2026-03-01T10:01:04.000Z',
    endedAt: '2026-03-01T10:11:04.000Z',
    durationS: 600.5,
    sizeBytes: 9_000_000,
    missingSegments: 0,
    playback: { hls: `${folder}/index.m3u8` },
    download: { mp4: `${folder}/recording.mp4` },
    poster: `${folder}/poster.jpg`,
    error: null,
    ...changes,
  }
}

export function event(id: string, of: Stream): StreamEvent {
  return { id, type: `stream.${of.status}`, createdAt: '2026-03-01T10:02:00.000Z', stream: of }
}
