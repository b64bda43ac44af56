// Appending to the event log, in the transaction that makes the events true.
import type { Statement, Transactions } from '../database/transactions.ts'
import type { EventDraft, LoggedEvent } from '../domain/event.ts'

/** How an event's data begins; the id follows. */
const DATA_BEGIN = '{"id":"'

/** Whether the change matched a row, for the statements behind it. */
export const IF_CHANGED = '@onair_changed = 1'

/**
 * Right behind the change. When the client has just vanished, the server goes on with the rest of its message, but
 * ROW_COUNT() is -1 for the statement whose result could not be sent, whatever it matched. Then this fails, and so
 * all is rolled back; otherwise the change would be committed without its events.
 */
const NOTE_CHANGED: Statement = {
  sql: 'SET @onair_changed = IF(ROW_COUNT() IN (0, 1), ROW_COUNT(), (SELECT 1 UNION SELECT 2))',
  values: [],
}

/** LAST_INSERT_ID() is the head that the sequence has just been moved to. */
const INSERT_EVENT = `
  INSERT INTO events (id, stream_id, type, was_live, created_at, data)
  SELECT LAST_INSERT_ID() - ?, ?, ?, ?, ?, CONCAT(?, LAST_INSERT_ID() - ?, ?) FROM DUAL WHERE ${IF_CHANGED}`

/**
 * Commits a change together with its events and gives these their ids. The lock of the sequence's row is
 * taken last and held until the COMMIT, so that ids rise in commit order. (AUTO_INCREMENT assigns ids in
 * the order of the INSERTs: a reader could pass an id whose transaction commits later, and miss that event.)
 * @param change the statement that makes the events true; it is to match one row
 * @param following more statements of the transaction. They run also when `change` matched no row: each has to see
 *   to that itself (`IF_CHANGED`)
 * @returns null when it matched none: then nothing is written
 * @throws WriteConflictError, DatabaseUnavailableError
 */
export async function commitWithEvents(
  transactions: Pick<Transactions, 'run'>,
  change: Statement,
  drafts: readonly EventDraft[],
  following: readonly Statement[] = [],
): Promise<LoggedEvent[] | null> {
  const behind = [...appending(drafts), ...following]
  const statements = behind.length === 0 ? [change] : [change, NOTE_CHANGED, ...behind]
  const [changed, , sequence] = await transactions.run(statements)
  if (changed?.affectedRows !== 1) return null
  const head = sequence?.insertId ?? 0
  return drafts.map((draft, index) => toEvent(head - (drafts.length - 1 - index), draft))
}

/** Each statement only has an effect when the change had one: a change that lost its race is followed by nothing. */
function appending(drafts: readonly EventDraft[]): Statement[] {
  if (drafts.length === 0) return []
  return [
    {
      sql: `UPDATE event_sequence SET head = LAST_INSERT_ID(head + ?) WHERE id = 1 AND ${IF_CHANGED}`,
      values: [drafts.length],
    },
    ...drafts.map((draft, index) => {
      const { streamId, type, wasLive, createdAt } = draft
      const behindHead = drafts.length - 1 - index
      const data = [DATA_BEGIN, behindHead, dataAfterId(draft)]
      return { sql: INSERT_EVENT, values: [behindHead, streamId, type, wasLive, createdAt, ...data] }
    }),
  ]
}

function toEvent(id: number, draft: EventDraft): LoggedEvent {
  const { type, streamId, wasLive, createdAt } = draft
  return { id, type, streamId, wasLive, createdAt, data: `${DATA_BEGIN}${id}${dataAfterId(draft)}` }
}

function dataAfterId({ type, createdAt, body }: EventDraft): string {
  return JSON.stringify({ id: '', type, createdAt: createdAt.toISOString(), ...body }).slice(
    DATA_BEGIN.length,
  )
}
