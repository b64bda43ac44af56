// The rules of a stream's life: what each fact changes, which events that makes and which effects have
// to be carried out. Pure: no I/O, no clock of its own. Recordings have their own rules in recording.ts.
// Long because every fact of a stream is decided here.
import { isWindowOpen } from './admission.ts'
import { deletedStream, withoutFiles } from './deletion.ts'
import type { EventType } from './event.ts'
import type { RunningLimit } from './limits.ts'
import {
  decideRecording,
  endRecording,
  newRecording,
  type Recording,
  type RecordingFact,
  type RecordingStorage,
  reopenPart,
  resumeRecording,
} from './recording.ts'
import {
  type EndReason,
  isNewerThanBaseline,
  type Session,
  type SessionRef,
  type Stream,
  sameSession,
} from './stream.ts'

/** Something that was seen or asked for. A fact may come twice or late; then it changes nothing. */
export type Fact =
  | {
      readonly kind: 'publisher-accepted'
      readonly session: Session
      readonly keyHash: Uint8Array<ArrayBuffer>
      readonly publicUrl: string
      /** The publisher's network address; not given: unknown, and the one before stays. */
      readonly address?: string | undefined
      /** Valid only for a stream that never had a publisher: nobody checked whether nginx still has one. */
      readonly firstOnly?: boolean
    }
  | { readonly kind: 'publisher-gone'; readonly session: SessionRef }
  | { readonly kind: 'playlist-seen'; readonly nodeId: string; readonly modifiedAt: Date }
  /** The publisher is connected, but nothing that it sends reaches the HLS folder any more. */
  | { readonly kind: 'playlist-stalled'; readonly session: SessionRef; readonly modifiedAt: Date | null }
  | { readonly kind: 'deadline-passed' }
  /** A running broadcast is over one of the server's limits. `session`: what this publisher did; null: any. */
  | { readonly kind: 'limit-exceeded'; readonly limit: RunningLimit; readonly session: SessionRef | null }
  | { readonly kind: 'end-requested'; readonly by: 'owner' | 'operator' }
  | { readonly kind: 'delete-requested'; readonly by: 'owner' | 'operator' }
  | {
      readonly kind: 'key-rotated'
      readonly keyHash: Uint8Array<ArrayBuffer>
      /** For a key that has yet to start its broadcast. */
      readonly expiresAt: Date
      /** Also once the broadcast has begun; its publisher stays. */
      readonly keepPublishing?: boolean
    }
  | { readonly kind: 'playlist-closed'; readonly nodeId: string }
  /** A deleted stream's publisher is gone, and so are its playlists and segments. */
  | { readonly kind: 'files-removed'; readonly nodeId: string }
  | RecordingFact

/** An event to announce; it carries the stream as it is after the change. */
export interface StreamEvent {
  readonly type: EventType
  /** On stream.live only: whether the stream had been live before. */
  readonly resumed?: boolean
}

/** Work to do once the change is committed. Each may run twice; the reconciler repeats what a crash left undone. */
export type Effect =
  /** Watch for the playlist of the publisher that was accepted. */
  | { readonly kind: 'watch-playlist' }
  /** Stop watching: the playlist has come, or there is no publisher to write one. */
  | { readonly kind: 'unwatch-playlist' }
  /** Drop the publisher, wait until nginx no longer lists it, then write EXT-X-ENDLIST. */
  | { readonly kind: 'tear-down' }

export interface Decision {
  /** The stream after the fact; the very same object when the fact changes nothing. */
  readonly stream: Stream
  readonly events: readonly StreamEvent[]
  readonly effects: readonly Effect[]
}

export interface Rules {
  readonly reconnectWindowMs: number
  /** Where this node stores recordings. */
  readonly recordingStorage: RecordingStorage
}

/** What a fact means for a stream at `now`. */
export function decide(stream: Stream, fact: Fact, now: Date, rules: Rules): Decision {
  switch (fact.kind) {
    case 'publisher-accepted':
      return acceptPublisher(stream, fact, now, rules)
    case 'publisher-gone':
      return losePublisher(stream, fact.session, now, rules)
    case 'playlist-seen':
      return seePlaylist(stream, fact.nodeId, fact.modifiedAt, now, rules)
    case 'playlist-stalled':
      return stallPlaylist(stream, fact.session, fact.modifiedAt)
    case 'deadline-passed':
      return passDeadline(stream, now)
    case 'limit-exceeded':
      return exceedLimit(stream, fact.limit, fact.session, now)
    case 'end-requested':
      return end(stream, endedBy(fact.by), now)
    case 'delete-requested':
      return remove(stream, fact.by, now)
    case 'key-rotated':
      return rotateKey(stream, fact, now)
    case 'playlist-closed':
      return closePlaylist(stream, fact.nodeId)
    case 'files-removed':
      return { stream: withoutFiles(stream, fact.nodeId), events: [], effects: [] }
    case 'recording-finished':
    case 'recording-failed':
    case 'recording-delete-requested':
    case 'recording-part-stored':
    case 'recording-part-removed':
      return changeRecording(stream, fact, now)
    default:
      return fact satisfies never
  }
}

function endedBy(by: 'owner' | 'operator'): EndReason {
  return by === 'owner' ? 'ended_by_owner' : 'ended_by_operator'
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function unchanged(stream: Stream): Decision {
  return { stream, events: [], effects: [] }
}

function acceptPublisher(
  stream: Stream,
  { session, keyHash, publicUrl, firstOnly, address }: Extract<Fact, { kind: 'publisher-accepted' }>,
  now: Date,
  { recordingStorage }: Rules,
): Decision {
  // The key may have been replaced since the publisher sent it.
  if (!sameBytes(stream.keyHash, keyHash)) return unchanged(stream)
  const isFirst = stream.status === 'waiting' && now < stream.keyExpiresAt
  const isReturn =
    !firstOnly && stream.status === 'reconnecting' && stream.session === null && isWindowOpen(stream, now)
  if (!isFirst && !isReturn) return unchanged(stream)
  return {
    stream: {
      ...stream,
      status: isFirst ? 'connecting' : 'reconnecting',
      connectedAt: stream.connectedAt ?? now,
      deadlineAt: null,
      publicUrl,
      nodeId: session.nodeId,
      session,
      publisherAddress: address ?? stream.publisherAddress,
      playlistOpen: true,
      recording: reopenPart(stream.recording, { nodeId: session.nodeId, storageId: recordingStorage.id }),
    },
    events: isFirst ? [{ type: 'stream.connecting' }] : [],
    effects: [{ kind: 'watch-playlist' }],
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
    // A publisher that reconnected and left before it wrote a playlist was never announced, so its
    // loss is not announced either; only the window starts again.
    events: stream.status === 'reconnecting' ? [] : [{ type: 'stream.reconnecting' }],
    effects: [{ kind: 'unwatch-playlist' }],
  }
}

function seePlaylist(stream: Stream, nodeId: string, modifiedAt: Date, now: Date, rules: Rules): Decision {
  const { session } = stream
  if (session === null || session.nodeId !== nodeId || stream.status === 'live') return unchanged(stream)
  if (!isNewerThanBaseline(session.baselineAt, modifiedAt)) return unchanged(stream)
  return {
    stream: {
      ...stream,
      status: 'live',
      liveAt: stream.liveAt ?? now,
      recording: record(stream, nodeId, rules.recordingStorage),
    },
    events: [{ type: 'stream.live', resumed: stream.liveAt !== null }],
    effects: [{ kind: 'unwatch-playlist' }],
  }
}

/** The recording of a stream that is live on this node. */
function record(stream: Stream, nodeId: string, { kind, id }: RecordingStorage): Recording | null {
  const part = { nodeId, storageId: id, publicUrl: stream.publicUrl, stored: null }
  if (stream.recording !== null) return resumeRecording(stream.recording, kind, part)
  return stream.record ? newRecording(kind, part) : null
}

/** The publisher stays, as one that was let back in: the stream is live again once the playlist goes on. */
function stallPlaylist(stream: Stream, stalled: SessionRef, modifiedAt: Date | null): Decision {
  const { session, status } = stream
  if (status !== 'live' || session === null || !sameSession(session, stalled)) return unchanged(stream)
  return {
    stream: { ...stream, status: 'reconnecting', session: { ...session, baselineAt: modifiedAt } },
    events: [{ type: 'stream.reconnecting' }],
    effects: [{ kind: 'watch-playlist' }],
  }
}

function passDeadline(stream: Stream, now: Date): Decision {
  if (stream.deadlineAt === null || now < stream.deadlineAt) return unchanged(stream)
  return end(stream, stream.status === 'waiting' ? 'key_expired' : 'publisher_gone', now)
}

function exceedLimit(
  stream: Stream,
  limit: RunningLimit,
  exceededBy: SessionRef | null,
  now: Date,
): Decision {
  if (stream.connectedAt === null) return unchanged(stream)
  const { session } = stream
  // The publisher that was measured may have gone meanwhile, and another may have come.
  if (exceededBy !== null && (session === null || !sameSession(session, exceededBy))) return unchanged(stream)
  return end(stream, limit, now)
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
      recording: endRecording(stream.recording),
    },
    events: [{ type: 'stream.ended' }],
    effects: stream.playlistOpen ? [{ kind: 'unwatch-playlist' }, { kind: 'tear-down' }] : [],
  }
}

function remove(stream: Stream, by: 'owner' | 'operator', now: Date): Decision {
  if (stream.deletedAt !== null) return unchanged(stream)
  const { stream: ended } = end(stream, endedBy(by), now)
  return {
    stream: deletedStream(ended, now),
    events: [{ type: 'stream.deleted' }],
    // The files are removed by every node that reads the event (ingest/removals.ts).
    effects: [{ kind: 'unwatch-playlist' }],
  }
}

function rotateKey(
  stream: Stream,
  { keyHash, expiresAt, keepPublishing }: Extract<Fact, { kind: 'key-rotated' }>,
  now: Date,
): Decision {
  if (sameBytes(stream.keyHash, keyHash)) return unchanged(stream)
  const rotated = { ...stream, keyHash, replacedKeyHash: stream.keyHash }
  if (stream.status === 'waiting') {
    if (now >= stream.keyExpiresAt) return unchanged(stream)
    return { stream: { ...rotated, keyExpiresAt: expiresAt, deadlineAt: expiresAt }, events: [], effects: [] }
  }
  const isOnAir = stream.status !== 'ended' && (stream.session !== null || isWindowOpen(stream, now))
  // The broadcast has begun, so the new key has nothing to start: it lets the publisher back in until the end.
  return keepPublishing && isOnAir ? { stream: rotated, events: [], effects: [] } : unchanged(stream)
}

function closePlaylist(stream: Stream, nodeId: string): Decision {
  // Of a deleted stream, a teardown that began before says nothing: its files are still to be removed.
  if (stream.status !== 'ended' || stream.deletedAt !== null) return unchanged(stream)
  if (!stream.playlistOpen || stream.nodeId !== nodeId) return unchanged(stream)
  return { stream: { ...stream, playlistOpen: false }, events: [], effects: [] }
}

const RECORDING_EVENTS: Readonly<Partial<Record<RecordingFact['kind'], EventType>>> = {
  'recording-finished': 'recording.ready',
  'recording-failed': 'recording.failed',
}

function changeRecording(stream: Stream, fact: RecordingFact, now: Date): Decision {
  if (stream.recording === null) return unchanged(stream)
  // The publisher is back on that node, so more segments will come.
  if (fact.kind === 'recording-part-stored' && stream.session?.nodeId === fact.nodeId)
    return unchanged(stream)
  const recording = decideRecording(stream.recording, fact, now)
  if (recording === stream.recording) return unchanged(stream)
  const type = RECORDING_EVENTS[fact.kind]
  return { stream: { ...stream, recording }, events: type === undefined ? [] : [{ type }], effects: [] }
}
