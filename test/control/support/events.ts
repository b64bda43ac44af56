// Writes events directly to the log, as another process on the same database would.
import type { Transactions } from '../../../apps/control/database/transactions.ts'
import type { EventDraft, LoggedEvent } from '../../../apps/control/domain/event.ts'
import { commitWithEvents } from '../../../apps/control/events/append.ts'
import type { EventLog } from '../../../apps/control/events/log.ts'
import type { TestDatabase } from '../../support/database.ts'

export function draft(changes: Partial<EventDraft> = {}): EventDraft {
  return {
    type: 'stream.live',
    streamId: 's'.repeat(20),
    wasLive: true,
    createdAt: new Date('2026-01-02T03:04:05.678Z'),
    body: {},
    ...changes,
  }
}

/** A change that matches a row and alters nothing. */
const NO_CHANGE = { sql: 'UPDATE event_sequence SET head = head WHERE id = 1', values: [] }

/** The log's events after a cursor. */
export async function readAfter(
  log: EventLog,
  ...[cursor, limit, filter]: Parameters<EventLog['page']>
): Promise<readonly LoggedEvent[]> {
  return (await log.page(cursor, limit, filter)).events
}

/** Appends these events in one transaction. */
export async function append(transactions: Transactions, ...drafts: EventDraft[]): Promise<LoggedEvent[]> {
  return (await commitWithEvents(transactions, NO_CHANGE, drafts)) ?? []
}

/** Appends many events with one statement. @param bytes the approximate size of each */
export async function appendMany(
  database: TestDatabase,
  count: number,
  { bytes = 0, streamId = 's'.repeat(20) } = {},
): Promise<void> {
  const padding = JSON.stringify({ padding: 'x'.repeat(bytes) })
  await database.query('START TRANSACTION')
  await database.query(`UPDATE event_sequence SET head = head + ${count}`)
  await database.query(
    `INSERT INTO events (id, stream_id, type, was_live, created_at, data)
     SELECT head - seq, ?, 'stream.live', TRUE, UTC_TIMESTAMP(3), ?
     FROM event_sequence, (
       SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS seq
       FROM ${['a', 'b', 'c', 'd'].map((name) => `(${DIGITS}) AS ${name}`).join(', ')}
     ) AS numbers
     WHERE seq < ${count} ORDER BY head - seq`,
    [streamId, padding],
  )
  await database.query('COMMIT')
}

const DIGITS = Array.from({ length: 10 }, (_, n) => `SELECT ${n}${n === 0 ? ' AS n' : ''}`).join(
  ' UNION ALL ',
)
