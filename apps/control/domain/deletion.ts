// What deleting a stream makes of it. Pure. Its row stays, without title, until no node has files of it: by then
// the recording's parts are removed (recording.ts), and its node has reported that playlists and segments are.
import { decideRecording } from './recording.ts'
import type { Stream } from './stream.ts'

/** @param ended the stream after its end */
export function deletedStream(ended: Stream, now: Date): Stream {
  const { recording, nodeId } = ended
  return {
    ...ended,
    title: null,
    publisherAddress: null,
    deletedAt: now,
    // Open for as long as its node has not removed the files, so that the node's reconciler looks after them.
    playlistOpen: nodeId !== null,
    recording: recording && decideRecording(recording, { kind: 'recording-delete-requested' }, now),
  }
}

/** @returns the very same object when it is not this node's to say, or was said before */
export function withoutFiles(stream: Stream, nodeId: string): Stream {
  if (stream.deletedAt === null || !stream.playlistOpen || stream.nodeId !== nodeId) return stream
  return { ...stream, playlistOpen: false }
}
