// restart: from control's start to its being ready, with few and very many old streams in the database.
import type { TestDatabase } from '../support/database.ts'
import type { Bench } from './bench.ts'
import type { ControlOptions } from './control-process.ts'
import { atMostTimes, type Measurement, type Row } from './measurement.ts'
import type { StatServer } from './programs/stat-server.ts'
import { insertStreams, publishing, waitingStreams } from './seeded-streams.ts'
import { median } from './statistics.ts'
import { seedLive } from './world.ts'

interface Subject {
  readonly oldStreams: number
  readonly options: ControlOptions
  readonly samplesMs: number[]
}

export const restart: Measurement = {
  name: 'restart',
  about: 'start of control to ready, with up to a million old streams in the database',
  async run(bench) {
    const { oldStreams, live, rounds } = bench.scale.restart
    const nginx = bench.helper<StatServer>('stat-server')
    const nginxUrl = `http://127.0.0.1:${await nginx.call('start')}`
    const subjects: Subject[] = []
    for (const count of oldStreams) {
      const database = await bench.database()
      await seedLive(database, nginx, live)
      await seedOld(database, count)
      const folder = await bench.folder()
      const options = { folder, nginxUrl, hlsDir: folder, databaseUrl: database.url.reveal() }
      subjects.push({ oldStreams: count, options, samplesMs: [] })
    }
    for (let round = 0; round < rounds; round++) {
      for (const subject of subjects) subject.samplesMs.push(await startOnce(bench, subject))
    }
    return toRows(subjects)
  },
}

async function startOnce(parent: Bench, { options }: Subject): Promise<number> {
  await using bench = parent.part()
  const start = performance.now()
  await bench.control(options)
  return performance.now() - start
}

function toRows(subjects: readonly Subject[]): Row[] {
  const [fewest] = subjects
  return subjects.map(({ oldStreams, samplesMs }): Row => {
    const row = { what: `${oldStreams} old streams`, figure: median(samplesMs), unit: 'ms' }
    if (fewest === undefined || oldStreams === fewest.oldStreams) return row
    const beside = { what: `with ${fewest.oldStreams}`, figure: median(fewest.samplesMs) }
    return {
      ...row,
      beside,
      ...(oldStreams === subjects.at(-1)?.oldStreams ? { bars: [atMostTimes(1.5)] } : {}),
    }
  })
}

/** Streams that ended long ago, made from one by the database itself: a million in seconds. */
async function seedOld(database: TestDatabase, count: number): Promise<void> {
  const [template] = waitingStreams(1).map(({ stream }) => publishing(stream, 'live', 1))
  if (template === undefined) return
  await insertStreams(database, [
    {
      ...template,
      status: 'ended',
      endedAt: new Date(),
      endReason: 'publisher_gone',
      session: null,
      playlistOpen: false,
    },
  ])
  const columns = await database.query(
    "SELECT COLUMN_NAME AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'streams'",
  )
  // Rising ones: random ones would have every index's pages read and written over and over.
  const own: Record<string, string> = {
    id: "CONCAT('zz', LPAD(n.seq, 18, '0'))",
    key_hash: "UNHEX(LPAD(HEX(n.seq), 64, '0'))",
    live_at: 'streams.live_at - INTERVAL 30 DAY + INTERVAL n.seq SECOND',
  }
  const names = columns.map(({ name }) => String(name))
  await database.query(
    `INSERT INTO streams (${names.join(', ')})
     SELECT ${names.map((name) => own[name] ?? `streams.${name}`).join(', ')}
     FROM (WITH RECURSIVE digits (d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM digits WHERE d < 999)
           SELECT a.d * 1000 + b.d AS seq FROM digits a JOIN digits b
           WHERE a.d * 1000 + b.d < ? ORDER BY seq) n
     JOIN streams ON streams.id = ?`,
    [count - 1, template.id],
  )
}
