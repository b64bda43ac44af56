// What a programmer who wants nothing but speed would do by hand with mysql2: the statements that control
// sends to the database for the same work, without anything around them.
import {
  createPool,
  type Pool,
  type PoolConnection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise'
import { parseConnectionUrl } from '../../../apps/control/database/connection-url.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import { NGINX_INSTANCE, NODE_ID } from '../control-process.ts'

const KEY_TTL_MS = 600_000
const PUBLIC_URL = 'http://localhost:8080'

export interface StreamRow extends RowDataPacket {
  readonly id: string
  readonly version: number
  readonly title: string | null
  readonly status: string
  readonly created_at: Date
}

/** An event as it is in the log. */
export interface PeerEvent {
  readonly id: number
  readonly type: string
  readonly data: string
}

export class PeerDatabase {
  readonly pool: Pool

  constructor(url: string) {
    const { host, port, socketPath, ...credentials } = parseConnectionUrl(new Secret(url))
    this.pool = createPool({
      ...credentials,
      ...(socketPath === undefined ? { host, port } : { socketPath }),
      connectionLimit: 10,
      timezone: 'Z',
    })
    this.pool.on('connection', (connection) => {
      connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
    })
  }

  async findByKeyHash(keyHash: Buffer): Promise<StreamRow | undefined> {
    const [[row]] = await this.pool.execute<StreamRow[]>('SELECT * FROM streams WHERE key_hash = ?', [
      keyHash,
    ])
    return row
  }

  async find(id: string): Promise<StreamRow | undefined> {
    const [[row]] = await this.pool.execute<StreamRow[]>('SELECT * FROM streams WHERE id = ?', [id])
    return row
  }

  create(id: string, keyHash: Buffer): Promise<PeerEvent> {
    const now = new Date()
    const expiresAt = new Date(now.getTime() + KEY_TTL_MS)
    return this.#transaction(async (connection) => {
      await connection.execute(
        `INSERT INTO streams (id, title, record, status, version, created_at, key_hash, key_expires_at,
           deadline_at, public_url, playlist_open) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [id, null, false, 'waiting', 1, now, keyHash, expiresAt, expiresAt, PUBLIC_URL, false],
      )
      return appendEvent(connection, { id, title: null, created_at: now }, 'created', false)
    })
  }

  connect(stream: StreamRow, clientId: number): Promise<PeerEvent> {
    const now = new Date()
    return this.#transaction(async (connection) => {
      await connection.execute(
        `UPDATE streams SET status = ?, version = ?, connected_at = ?, deadline_at = ?, public_url = ?,
           node_id = ?, session_nginx = ?, session_client_id = ?, session_accepted_at = ?,
           session_baseline_at = ?, playlist_open = ? WHERE id = ? AND version = ?`,
        [
          ...['connecting', stream.version + 1, now, null, PUBLIC_URL],
          ...[NODE_ID, NGINX_INSTANCE, clientId, now, null, true, stream.id, stream.version],
        ],
      )
      return appendEvent(connection, stream, 'connecting', false)
    })
  }

  goLive(stream: StreamRow): Promise<PeerEvent> {
    return this.#transaction(async (connection) => {
      await connection.execute(
        'UPDATE streams SET status = ?, version = ?, live_at = ? WHERE id = ? AND version = ?',
        ['live', stream.version + 1, new Date(), stream.id, stream.version],
      )
      return appendEvent(connection, stream, 'live', true)
    })
  }

  async #transaction<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    const connection = await this.pool.getConnection()
    await connection.query('START TRANSACTION')
    const result = await work(connection)
    await connection.query('COMMIT')
    connection.release()
    return result
  }
}

async function appendEvent(
  connection: PoolConnection,
  stream: Pick<StreamRow, 'id' | 'title' | 'created_at'>,
  status: string,
  wasLive: boolean,
): Promise<PeerEvent> {
  const [{ insertId: id }] = await connection.execute<ResultSetHeader>(
    'UPDATE event_sequence SET head = LAST_INSERT_ID(head + ?) WHERE id = ?',
    [1, 1],
  )
  const now = new Date()
  const type = `stream.${status}`
  const data = eventData(id, type, stream, now)
  await connection.execute(
    'INSERT INTO events (id, stream_id, type, was_live, created_at, data) VALUES (?, ?, ?, ?, ?, ?)',
    [id, stream.id, type, wasLive, now, data],
  )
  return { id, type, data }
}

/** What control's event says, field for field. */
function eventData(
  id: number,
  type: string,
  stream: Pick<StreamRow, 'id' | 'title' | 'created_at'>,
  now: Date,
): string {
  return JSON.stringify({
    id: String(id),
    type,
    createdAt: now.toISOString(),
    stream: {
      id: stream.id,
      title: stream.title,
      status: type.slice('stream.'.length),
      createdAt: stream.created_at.toISOString(),
      connectedAt: now.toISOString(),
      liveAt: now.toISOString(),
      endedAt: null,
      endReason: null,
      record: false,
      playback: {
        hls: `${PUBLIC_URL}/hls/${stream.id}/index.m3u8`,
        dash: `${PUBLIC_URL}/dash/${stream.id}/index.mpd`,
      },
      viewers: 0,
      recording: null,
    },
    resumed: false,
  })
}

/** The event on the wire. */
export function toFrame({ id, type, data }: PeerEvent): Buffer {
  return Buffer.from(`id: ${id}\nevent: ${type}\ndata: ${data}\n\n`)
}
