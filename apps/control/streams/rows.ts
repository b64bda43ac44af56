// Converts streams to and from rows of the table `streams`, as Prisma and mysql2 read and write them.
import type { Stream as Row } from '../database/generated/client.ts'
import type { Recording } from '../domain/recording.ts'
import type { Session, Stream } from '../domain/stream.ts'
import { parsePartsText, toPartsText } from './recording-parts.ts'

/** A stream as it was read: the version guards a change against a concurrent writer. */
export interface Versioned {
  readonly stream: Stream
  readonly version: number
}

/** Each field's column, as in prisma/schema.prisma. */
const COLUMNS = {
  id: 'id',
  title: 'title',
  record: 'record',
  status: 'status',
  version: 'version',
  createdAt: 'created_at',
  connectedAt: 'connected_at',
  liveAt: 'live_at',
  endedAt: 'ended_at',
  endReason: 'end_reason',
  keyHash: 'key_hash',
  keyExpiresAt: 'key_expires_at',
  replacedKeyHash: 'replaced_key_hash',
  deadlineAt: 'deadline_at',
  publicUrl: 'public_url',
  nodeId: 'node_id',
  sessionNginx: 'session_nginx',
  sessionClientId: 'session_client_id',
  sessionAcceptedAt: 'session_accepted_at',
  sessionBaselineAt: 'session_baseline_at',
  publisherAddress: 'publisher_address',
  playlistOpen: 'playlist_open',
  recordingStatus: 'recording_status',
  recordingStorage: 'recording_storage',
  recordingFinishedAt: 'recording_finished_at',
  recordingDurationMs: 'recording_duration_ms',
  recordingSizeBytes: 'recording_size_bytes',
  recordingMissingSegments: 'recording_missing_segments',
  recordingHasPlaylist: 'recording_has_playlist',
  recordingHasMp4: 'recording_has_mp4',
  recordingHasPoster: 'recording_has_poster',
  recordingFailure: 'recording_failure',
  recordingParts: 'recording_parts',
  deletedAt: 'deleted_at',
} as const satisfies Record<keyof Row, string>

const FIELDS = Object.keys(COLUMNS) as (keyof Row)[]
const NAMES = Object.values(COLUMNS)

export const INSERT_STREAM = `INSERT INTO streams (${NAMES.join(', ')}) VALUES (${NAMES.map(() => '?').join(', ')})`
/** To be followed by a WHERE clause; `fromSelected` reads its rows. */
export const SELECT_STREAM = `SELECT ${FIELDS.map((field) => `${COLUMNS[field]} AS ${field}`).join(', ')} FROM streams`
/** Parameters: all of `toValues`, then the id and the version that the row must still have. */
export const UPDATE_STREAM = `UPDATE streams SET ${NAMES.map((name) => `${name} = ?`).join(', ')} WHERE id = ? AND version = ?`

type Value = string | number | boolean | Date | Buffer | null

/** The parameters of INSERT_STREAM, and the first ones of UPDATE_STREAM. */
export function toValues({ stream, version }: Versioned): Value[] {
  const { session, recording, ...rest } = stream
  const row: Row = {
    ...rest,
    version,
    sessionNginx: session?.nginx ?? null,
    sessionClientId: session === null ? null : BigInt(session.clientId),
    sessionAcceptedAt: session?.acceptedAt ?? null,
    sessionBaselineAt: session?.baselineAt ?? null,
    recordingStatus: recording?.status ?? null,
    recordingStorage: recording?.storage ?? null,
    recordingFinishedAt: recording?.finishedAt ?? null,
    recordingDurationMs: recording?.durationMs ?? null,
    recordingSizeBytes: recording?.sizeBytes == null ? null : BigInt(recording.sizeBytes),
    recordingMissingSegments: recording?.missingSegments ?? 0,
    recordingHasPlaylist: recording?.hasPlaylist ?? false,
    recordingHasMp4: recording?.hasMp4 ?? false,
    recordingHasPoster: recording?.hasPoster ?? false,
    recordingFailure: recording?.failure ?? null,
    recordingParts: toPartsText(recording?.parts ?? []),
  }
  return FIELDS.map((field) => toValue(row[field]))
}

function toValue(value: Row[keyof Row]): Value {
  if (value instanceof Uint8Array) return Buffer.from(value)
  return typeof value === 'bigint' ? String(value) : value
}

type BooleanField = { [K in keyof Row]: Row[K] extends boolean ? K : never }[keyof Row]
const BOOLEANS: Readonly<Record<BooleanField, true>> = {
  record: true,
  playlistOpen: true,
  recordingHasPlaylist: true,
  recordingHasMp4: true,
  recordingHasPoster: true,
}

/** A row as mysql2 reads it: booleans are 0 and 1. */
export type SelectedRow = { readonly [K in keyof Row]: Row[K] extends boolean ? number : Row[K] }

export function fromSelected(row: SelectedRow): Versioned {
  const booleans = Object.keys(BOOLEANS).map((field) => [field, row[field as BooleanField] === 1])
  return fromRow({ ...row, ...Object.fromEntries(booleans) } as Row)
}

export function fromRow(row: Row): Versioned {
  const stream: Stream = {
    id: row.id,
    title: row.title,
    record: row.record,
    status: row.status,
    createdAt: row.createdAt,
    connectedAt: row.connectedAt,
    liveAt: row.liveAt,
    endedAt: row.endedAt,
    endReason: row.endReason,
    keyHash: new Uint8Array(row.keyHash),
    keyExpiresAt: row.keyExpiresAt,
    replacedKeyHash: row.replacedKeyHash === null ? null : new Uint8Array(row.replacedKeyHash),
    deadlineAt: row.deadlineAt,
    publicUrl: row.publicUrl,
    nodeId: row.nodeId,
    session: toSession(row),
    publisherAddress: row.publisherAddress,
    playlistOpen: row.playlistOpen,
    recording: toRecording(row),
    deletedAt: row.deletedAt,
  }
  return { version: row.version, stream }
}

function toSession(row: Row): Session | null {
  const { nodeId, sessionNginx, sessionClientId, sessionAcceptedAt, sessionBaselineAt } = row
  if (nodeId === null || sessionClientId === null || sessionAcceptedAt === null) return null
  return {
    nodeId,
    nginx: sessionNginx,
    clientId: Number(sessionClientId),
    acceptedAt: sessionAcceptedAt,
    baselineAt: sessionBaselineAt,
  }
}

function toRecording(row: Row): Recording | null {
  if (row.recordingStatus === null || row.recordingStorage === null) return null
  return {
    status: row.recordingStatus,
    storage: row.recordingStorage,
    finishedAt: row.recordingFinishedAt,
    durationMs: row.recordingDurationMs,
    sizeBytes: row.recordingSizeBytes === null ? null : Number(row.recordingSizeBytes),
    missingSegments: row.recordingMissingSegments,
    hasPlaylist: row.recordingHasPlaylist,
    hasMp4: row.recordingHasMp4,
    hasPoster: row.recordingHasPoster,
    failure: row.recordingFailure,
    parts: parsePartsText(row.recordingParts),
  }
}
