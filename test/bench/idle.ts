// idle: what control takes when nothing happens at all, and how often it asks the database.
import { setTimeout as delay } from 'node:timers/promises'
import type { TestDatabase } from '../support/database.ts'
import { atMost, type Measurement } from './measurement.ts'
import { shareOfCore } from './process-usage.ts'
import { startWorld } from './world.ts'

/** Node compiles and collects for a while after the start. */
const SETTLE_MS = 5_000
/** The reconciler's, of control. */
const ROUND_MS = 2_000

export const idle: Measurement = {
  name: 'idle',
  about: 'CPU and queries of control when nothing happens',
  async run(bench) {
    const world = await startWorld(bench)
    const seconds = bench.scale.idleSeconds
    await delay(Math.min(SETTLE_MS, seconds * 1_000))
    const share = await shareOfCore(world.control.pid, () => delay(seconds * 1_000))
    const queries = await queriesDuring(world.database, seconds * 1_000)
    const rounds = (seconds * 1_000) / ROUND_MS
    const total = queries.reduce((sum, count) => sum + count, 0)
    return [
      { what: 'CPU', figure: share, unit: '% of a core', bars: [atMost(0.5)] },
      { what: 'queries a round of the reconciler', figure: total / rounds, unit: 'queries' },
      {
        ...{
          what: 'the most frequent query, in 2 s',
          figure: Math.max(0, ...queries) / rounds,
          unit: 'times',
        },
        // One more than fits by the clock may fall into the window.
        bars: [atMost((rounds + 1) / rounds)],
      },
    ]
  },
}

/** How often each statement was run in the database meanwhile. */
async function queriesDuring(database: TestDatabase, ms: number): Promise<number[]> {
  await database.query("SET GLOBAL log_output = 'TABLE'")
  await database.query('TRUNCATE mysql.general_log')
  await database.query('SET GLOBAL general_log = ON')
  await delay(ms)
  await database.query('SET GLOBAL general_log = OFF')
  // What a number or a time stands for is part of the text: equal but for those is the same query.
  const rows = await database.query(
    `SELECT COUNT(*) AS count FROM mysql.general_log
     WHERE command_type IN ('Query', 'Execute') AND argument NOT LIKE 'SET GLOBAL%'
     GROUP BY REGEXP_REPLACE(argument, "[0-9]+|'[^']*'", '?')`,
  )
  return rows.map(({ count }) => Number(count))
}
