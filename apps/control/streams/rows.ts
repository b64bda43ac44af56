// Streams as rows of the database, for Prisma and for mysql2.
import type { Stream as Row } from '../database/generated/client.ts'
import type { Stream } from './stream.ts'

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
  deadlineAt: 'deadline_at',
  publicUrl: 'public_url',
  nodeId: 'node_id',
  sessionNginx: 'session_nginx',
  sessionClientId: 'session_client_id',
  sessionAcceptedAt: 'session_accepted_at',
  sessionBaselineAt: 'session_baseline_at',
  playlistOpen: 'playlist_open',
} as const satisfies Record<keyof Row, string>

const FIELDS = Object.keys(COLUMNS) as (keyof Row)[]
const NAMES = Object.values(COLUMNS)

export const INSERT_STREAM = `INSERT INTO streams (${NAMES.join(', ')}) VALUES (${NAMES.map(() => '?').join(', ')})`
/** To be followed by a condition; what it gives is for `fromSelected`. */
export const SELECT_STREAM = `SELECT ${FIELDS.map((field) => `${COLUMNS[field]} AS ${field}`).join(', ')} FROM streams`
/** Takes a row's values, then the id and the version it must still have. */
export const UPDATE_STREAM = `UPDATE streams SET ${NAMES.map((name) => `${name} = ?`).join(', ')} WHERE id = ? AND version = ?`

type Value = string | number | boolean | Date | Buffer | null

/** A stream's values in the order of both statements. */
export function toValues({ stream, version }: Versioned): Value[] {
  const { session, ...rest } = stream
  const row: Row = {
    ...rest,
    version,
    sessionNginx: session?.nginx ?? null,
    sessionClientId: session === null ? null : BigInt(session.clientId),
    sessionAcceptedAt: session?.acceptedAt ?? null,
    sessionBaselineAt: session?.baselineAt ?? null,
  }
  return FIELDS.map((field) => toValue(row[field]))
}

function toValue(value: Row[keyof Row]): Value {
  if (value instanceof Uint8Array) return Buffer.from(value)
  return typeof value === 'bigint' ? String(value) : value
}

type BooleanField = { [K in keyof Row]: Row[K] extends boolean ? K : never }[keyof Row]
const BOOLEANS: Readonly<Record<BooleanField, true>> = { record: true, playlistOpen: true }

/** A row as mysql2 reads it: booleans are numbers. */
export type SelectedRow = { readonly [K in keyof Row]: Row[K] extends boolean ? number : Row[K] }

export function fromSelected(row: SelectedRow): Versioned {
  const booleans = Object.keys(BOOLEANS).map((field) => [field, row[field as BooleanField] === 1])
  return fromRow({ ...row, ...Object.fromEntries(booleans) } as Row)
}

export function fromRow(row: Row): Versioned {
  const { version, sessionNginx, sessionClientId, sessionAcceptedAt, sessionBaselineAt, ...rest } = row
  const { nodeId } = rest
  const connected = nodeId !== null && sessionClientId !== null && sessionAcceptedAt !== null
  const session = connected
    ? {
        nodeId,
        nginx: sessionNginx,
        clientId: Number(sessionClientId),
        acceptedAt: sessionAcceptedAt,
        baselineAt: sessionBaselineAt,
      }
    : null
  return { version, stream: { ...rest, keyHash: new Uint8Array(rest.keyHash), session } }
}
