// Streams written straight into a database, as if control had been at work before.
import { hashStreamKey, newStreamId, newStreamKey } from '../../apps/control/domain/keys.ts'
import type { Stream } from '../../apps/control/domain/stream.ts'
import { INSERT_STREAM, toValues } from '../../apps/control/streams/rows.ts'
import { STREAMS } from '../control/support/stream-fixtures.ts'
import type { TestDatabase } from '../support/database.ts'
import { NGINX_INSTANCE, NODE_ID } from './control-process.ts'

const HOUR_MS = 60 * 60 * 1_000

export interface Keyed {
  readonly stream: Stream
  readonly key: string
}

/** Streams whose key has just been issued. */
export function waitingStreams(count: number): Keyed[] {
  return Array.from({ length: count }, () => {
    const key = newStreamKey()
    const createdAt = new Date()
    const keyExpiresAt = new Date(createdAt.getTime() + HOUR_MS)
    const stream: Stream = {
      ...STREAMS.waiting,
      id: newStreamId(),
      createdAt,
      keyHash: hashStreamKey(key),
      keyExpiresAt,
      deadlineAt: keyExpiresAt,
    }
    return { stream, key: key.reveal() }
  })
}

/** A publisher of the bench's node was let in a while ago. */
export function publishing(stream: Stream, status: 'connecting' | 'live', clientId: number): Stream {
  const acceptedAt = new Date(Date.now() - HOUR_MS)
  return {
    ...STREAMS[status],
    id: stream.id,
    keyHash: stream.keyHash,
    createdAt: acceptedAt,
    connectedAt: acceptedAt,
    liveAt: status === 'live' ? acceptedAt : null,
    nodeId: NODE_ID,
    session: { nodeId: NODE_ID, nginx: NGINX_INSTANCE, clientId, acceptedAt, baselineAt: null },
  }
}

/** In one transaction. */
export async function insertStreams(database: TestDatabase, streams: readonly Stream[]): Promise<void> {
  await database.query('START TRANSACTION')
  for (const stream of streams)
    await database.query(INSERT_STREAM, toValues({ stream, version: 2 }) as never[])
  await database.query('COMMIT')
}
