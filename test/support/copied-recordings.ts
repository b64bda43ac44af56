// Fills the list of recordings without streaming each one: copies the row of a stream that was recorded.
import type { TestDatabase } from './database.ts'

/** The copies are titled "Evening 10", "Evening 11" and so on; each is five hours older than the one before. */
export async function copyRecording(database: TestDatabase, streamId: string, count: number): Promise<void> {
  // A temporary table, because the row cannot be inserted with its own id and key hash.
  await database.query('CREATE TEMPORARY TABLE copies SELECT * FROM streams WHERE id = ?', [streamId])
  for (let n = 10; n < 10 + count; n += 1) {
    await database.query(
      'UPDATE copies SET id = ?, title = ?, key_hash = ?, live_at = DATE_SUB(live_at, INTERVAL 5 HOUR)',
      [`copy0000000000000c${n}`, `Evening ${n}`, `${n}`.padStart(32, '0')],
    )
    await database.query('INSERT INTO streams SELECT * FROM copies')
  }
}
