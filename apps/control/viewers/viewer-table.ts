// What the control processes tell each other about viewers: a small table, and the statements on it.
import { nanoid } from 'nanoid'
import type { Database } from '../database/database.ts'
import { Prisma } from '../database/generated/client.ts'

/** Three rounds of silence: the process is gone, and its viewers went with it. */
const STALE_S = 15
/** Rows of processes that died without a word are removed after this long. */
const ABANDONED_S = 120
const ROWS_A_STATEMENT = 500

export type Counts = ReadonlyMap<string, number>

export class ViewerTable {
  readonly #database: Database
  readonly #processId = nanoid()

  constructor(database: Database) {
    this.#database = database
  }

  /** Replaces what this process has said before. */
  async write(counts: Counts): Promise<void> {
    const rows = [...counts].map(
      ([streamId, viewers]) => Prisma.sql`(${this.#processId}, ${streamId}, ${viewers}, UTC_TIMESTAMP(3))`,
    )
    const pages = Array.from({ length: Math.ceil(rows.length / ROWS_A_STATEMENT) }, (_, page) =>
      rows.slice(page * ROWS_A_STATEMENT, (page + 1) * ROWS_A_STATEMENT),
    )
    await this.#database.run((client) =>
      client.$transaction([
        client.viewers.deleteMany({ where: { processId: this.#processId } }),
        ...pages.map(
          (page) => client.$executeRaw`
            INSERT INTO viewers (process_id, stream_id, viewers, seen_at) VALUES ${Prisma.join(page)}`,
        ),
      ]),
    )
  }

  /** Says that what was written last still holds. */
  async confirm(): Promise<void> {
    await this.#database.run(
      (client) =>
        client.$executeRaw`UPDATE viewers SET seen_at = UTC_TIMESTAMP(3) WHERE process_id = ${this.#processId}`,
    )
  }

  /** The viewers of all other processes, by stream. */
  async elsewhere(): Promise<Counts> {
    const rows = await this.#database.sql.rows<{ streamId: string; viewers: number }>(
      `SELECT stream_id AS streamId, CAST(SUM(viewers) AS UNSIGNED) AS viewers FROM viewers
       WHERE process_id <> ? AND seen_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND GROUP BY stream_id`,
      [this.#processId, STALE_S],
    )
    return new Map(rows.map(({ streamId, viewers }) => [streamId, Number(viewers)]))
  }

  async removeAbandoned(): Promise<void> {
    await this.#database.run(
      (client) => client.$executeRaw`
        DELETE FROM viewers WHERE seen_at < UTC_TIMESTAMP(3) - INTERVAL ${ABANDONED_S} SECOND`,
    )
  }
}
