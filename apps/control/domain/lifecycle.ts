// The rules of a stream's life, all of them and nowhere else: what a fact changes, which events
// that makes and what has to be done because of it. Pure: no I/O, no clock of its own.
import {
  type EndReason,
  type Recording,
  type RecordingFailure,
  type Session,
  type SessionRef,
  type StorageKind,
  type Stream,
  sameSession,
} from './stream.ts'

/** What a recording amounts to: figures and files of what is safe in its storage. */
export type Kept = Omit<Recording, 'status' | 'storage' | 'finishedAt' | 'failure'>

/** Something that was seen or asked for. It may come twice or late; then it changes nothing. */
export type Fact =
  | {
      readonly kind: 'publisher-accepted'
      readonly session: Session
      readonly keyHash: Uint8Array<ArrayBuffer>
      readonly publicUrl: string
      /** Nobody has looked whether nginx still has a publisher from before: only for a stream that had none. */
      readonly firstOnly?: boolean
    }
  | { readonly kind: 'publisher-gone'; readonly session: SessionRef }
  | { readonly kind: 'playlist-seen'; readonly nodeId: string; readonly modifiedAt: Date }
  | { readonly kind: 'deadline-passed' }
  | { readonly kind: 'end-requested'; readonly by: 'owner' | 'operator' }
  | { readonly kind: 'key-rotated'; readonly keyHash: Uint8Array<ArrayBuffer>; readonly expiresAt: Date }
  | { readonly kind: 'playlist-closed'; readonly nodeId: string }
  | { readonly kind: 'recording-finished'; readonly kept: Kept }
  | { readonly kind: 'recording-failed'; readonly failure: RecordingFailure; readonly kept: Kept }
  | { readonly kind: 'recording-delete-requested' }
  | { readonly kind: 'recording-removed' }

export type StreamEventType =
  | 'stream.created'
  | 'stream.connecting'
  | 'stream.live'
  | 'stream.reconnecting'
  | 'stream.ended'
  | 'recording.ready'
  | 'recording.failed'

/** What to announce; the stream it carries is the one after the change. */
export interface StreamEvent {
  readonly type: StreamEventType
  /** On stream.live only: whether the stream had been live before. */
  readonly resumed?: boolean
}

/** What to do once the change is committed. Each may be done twice and is made good after a crash. */
export type Effect =
  /** Look out for the playlist of the publisher that was let in. */
  | { readonly kind: 'await-playlist' }
  /** The playlist has come, or nobody is there who could write one. */
  | { readonly kind: 'release-playlist' }
  /** Drop the publisher, wait until nginx has let go, end the playlist. */
  | { readonly kind: 'tear-down' }

export interface Decision {
  /** The stream after the fact; the very same object when the fact changes nothing. */
  readonly stream: Stream
  readonly events: readonly StreamEvent[]
  readonly effects: readonly Effect[]
}

/** How long nginx may take to show a publisher that was let in; until then its absence means nothing. */
export const SETTLE_MS = 5_000

export interface Rules {
  readonly reconnectWindowMs: number
  /** Where recordings that begin now are kept. */
  readonly recordingStorage: StorageKind
}

/** What a fact means for a stream, seen at `now`. */
export function decide(stream: Stream, fact: Fact, now: Date, rules: Rules): Decision {
  switch (fact.kind) {
    case 'publisher-accepted':
      return acceptPublisher(stream, fact, now)
    case 'publisher-gone':
      return losePublisher(stream, fact.session, now, rules)
    case 'playlist-seen':
      return seePlaylist(stream, fact.nodeId, fact.modifiedAt, now, rules)
    case 'deadline-passed':
      return passDeadline(stream, now)
    case 'end-requested':
      return end(stream, fact.by === 'owner' ? 'ended_by_owner' : 'ended_by_operator', now)
    case 'key-rotated':
      return rotateKey(stream, fact.keyHash, fact.expiresAt, now)
    case 'playlist-closed':
      return closePlaylist(stream, fact.nodeId)
    case 'recording-finished':
      return finishRecording(stream, fact.kept, now)
    case 'recording-failed':
      return failRecording(stream, fact.failure, fact.kept, now)
    case 'recording-delete-requested':
      return deleteRecording(stream)
    case 'recording-removed':
      return forgetRecording(stream)
    default:
      return fact satisfies never
  }
}

export type Refusal = 'key_expired' | 'stream_ended' | 'already_publishing'

/**
 * Whether somebody who has the key may publish now: at once, not at all, or only after a look at
 * what nginx has under this id, because a publisher was there before and may still be.
 */
export function admission(stream: Stream, now: Date): 'accept' | 'look' | Refusal {
  switch (stream.status) {
    case 'ended':
      return stream.endReason === 'key_expired' ? 'key_expired' : 'stream_ended'
    case 'waiting':
      return now < stream.keyExpiresAt ? 'accept' : 'key_expired'
    case 'connecting':
    case 'live':
    case 'reconnecting':
      if (stream.session !== null) return settled(stream.session, now) ? 'look' : 'already_publishing'
      return windowOpen(stream, now) ? 'look' : 'stream_ended'
    default:
      return stream.status satisfies never
  }
}

/** Whether a session is old enough for nginx's not having it to mean that it is gone. */
export function settled(session: Session, now: Date): boolean {
  return now.getTime() - session.acceptedAt.getTime() >= SETTLE_MS
}

function windowOpen(stream: Stream, now: Date): boolean {
  return stream.deadlineAt !== null && now < stream.deadlineAt
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function unchanged(stream: Stream): Decision {
  return { stream, events: [], effects: [] }
}

function acceptPublisher(
  stream: Stream,
  { session, keyHash, publicUrl, firstOnly }: Extract<Fact, { kind: 'publisher-accepted' }>,
  now: Date,
): Decision {
  // The key may have been rotated since the publisher showed it.
  if (!sameBytes(stream.keyHash, keyHash)) return unchanged(stream)
  const first = stream.status === 'waiting' && now < stream.keyExpiresAt
  const back =
    !firstOnly && stream.status === 'reconnecting' && stream.session === null && windowOpen(stream, now)
  if (!first && !back) return unchanged(stream)
  return {
    stream: {
      ...stream,
      status: first ? 'connecting' : 'reconnecting',
      connectedAt: stream.connectedAt ?? now,
      deadlineAt: null,
      publicUrl,
      nodeId: session.nodeId,
      session,
      playlistOpen: true,
    },
    events: first ? [{ type: 'stream.connecting' }] : [],
    effects: [{ kind: 'await-playlist' }],
  }
}

function losePublisher(stream: Stream, gone: SessionRef, now: Date, rules: Rules): Decision {
  if (stream.session === null || !sameSession(stream.session, gone)) return unchanged(stream)
  return {
    stream: {
      ...stream,
      status: 'reconnecting',
      session: null,
      deadlineAt: new Date(now.getTime() + rules.reconnectWindowMs),
    },
    // A publisher that was let back in and left before its playlist went on: nobody was told that
    // it had come, so nobody is told that it has gone; the window opens anew.
    events: stream.status === 'reconnecting' ? [] : [{ type: 'stream.reconnecting' }],
    effects: [{ kind: 'release-playlist' }],
  }
}

function seePlaylist(stream: Stream, nodeId: string, modifiedAt: Date, now: Date, rules: Rules): Decision {
  const { session } = stream
  if (session === null || session.nodeId !== nodeId || stream.status === 'live') return unchanged(stream)
  // With hls_continuous the playlist of the session before still stands there.
  if (session.baselineAt !== null && modifiedAt <= session.baselineAt) return unchanged(stream)
  return {
    stream: {
      ...stream,
      status: 'live',
      liveAt: stream.liveAt ?? now,
      recording: stream.recording ?? (stream.record ? newRecording(rules.recordingStorage) : null),
    },
    events: [{ type: 'stream.live', resumed: stream.liveAt !== null }],
    effects: [{ kind: 'release-playlist' }],
  }
}

function passDeadline(stream: Stream, now: Date): Decision {
  if (stream.deadlineAt === null || now < stream.deadlineAt) return unchanged(stream)
  return end(stream, stream.status === 'waiting' ? 'key_expired' : 'publisher_gone', now)
}

function end(stream: Stream, reason: EndReason, now: Date): Decision {
  if (stream.status === 'ended') return unchanged(stream)
  return {
    stream: {
      ...stream,
      status: 'ended',
      endedAt: now,
      endReason: reason,
      session: null,
      deadlineAt: null,
      recording:
        stream.recording?.status === 'recording'
          ? { ...stream.recording, status: 'processing' }
          : stream.recording,
    },
    events: [{ type: 'stream.ended' }],
    effects: stream.playlistOpen ? [{ kind: 'release-playlist' }, { kind: 'tear-down' }] : [],
  }
}

function rotateKey(stream: Stream, keyHash: Uint8Array<ArrayBuffer>, expiresAt: Date, now: Date): Decision {
  if (stream.status !== 'waiting' || now >= stream.keyExpiresAt) return unchanged(stream)
  return {
    stream: { ...stream, keyHash, keyExpiresAt: expiresAt, deadlineAt: expiresAt },
    events: [],
    effects: [],
  }
}

function closePlaylist(stream: Stream, nodeId: string): Decision {
  if (stream.status !== 'ended' || !stream.playlistOpen || stream.nodeId !== nodeId) return unchanged(stream)
  return { stream: { ...stream, playlistOpen: false }, events: [], effects: [] }
}

function newRecording(storage: StorageKind): Recording {
  return {
    status: 'recording',
    storage,
    finishedAt: null,
    durationMs: null,
    sizeBytes: null,
    missingSegments: 0,
    hasPlaylist: false,
    hasMp4: false,
    hasPoster: false,
    failure: null,
  }
}

function finishRecording(stream: Stream, kept: Kept, now: Date): Decision {
  const { recording } = stream
  if (recording?.status !== 'processing') return unchanged(stream)
  return {
    stream: { ...stream, recording: { ...recording, ...kept, status: 'ready', finishedAt: now } },
    events: [{ type: 'recording.ready' }],
    effects: [],
  }
}

function failRecording(stream: Stream, failure: RecordingFailure, kept: Kept, now: Date): Decision {
  const { recording } = stream
  if (recording?.status !== 'recording' && recording?.status !== 'processing') return unchanged(stream)
  return {
    stream: { ...stream, recording: { ...recording, ...kept, status: 'failed', finishedAt: now, failure } },
    events: [{ type: 'recording.failed' }],
    effects: [],
  }
}

/** In every status: whoever does not want to be recorded any more need not wait for the end. */
function deleteRecording(stream: Stream): Decision {
  const { recording } = stream
  if (recording === null || recording.status === 'deleting' || recording.status === 'deleted')
    return unchanged(stream)
  return { stream: { ...stream, recording: { ...recording, status: 'deleting' } }, events: [], effects: [] }
}

function forgetRecording(stream: Stream): Decision {
  const { recording } = stream
  if (recording?.status !== 'deleting') return unchanged(stream)
  return { stream: { ...stream, recording: { ...recording, status: 'deleted' } }, events: [], effects: [] }
}
