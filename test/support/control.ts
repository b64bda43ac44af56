// Control in the test's own process: the real context on a real database, with a clock and settings
// of the test's. Both servers listen on free ports; nginx is not there unless a test brings it.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { loggerOptions } from '../../apps/control/common/logger.ts'
import { readConfig } from '../../apps/control/config.ts'
import type { Context } from '../../apps/control/context.ts'
import { Control } from '../../apps/control/control.ts'
import { Media } from '../../apps/media/media.ts'
import { createTestDatabase, MIGRATIONS_DIR, type TestDatabase } from './database.ts'
import { freePorts } from './ports.ts'

export interface TestControl extends AsyncDisposable {
  readonly context: Context
  readonly app: FastifyInstance
  readonly internal: FastifyInstance
  readonly database: TestDatabase
  /** Where the public API listens, http://127.0.0.1:<port>. */
  readonly apiUrl: string
  /** Where the hooks and metrics listen. */
  readonly hooksUrl: string
  readonly hlsDir: string
  readonly dashDir: string
  readonly recordingsDir: string
  /** Every line control has logged. */
  readonly logLines: readonly string[]
}

export interface TestControlOptions {
  /** Settings, as in the environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly now?: () => Date
  /** The lease's monotonic clock, in milliseconds. */
  readonly monotonicMs?: () => number
  /** A database to share with another control; otherwise one of its own. */
  readonly database?: TestDatabase
  /** Whether media runs beside it, which pictures and MP4s need; in the test's own process. */
  readonly media?: boolean
  readonly hlsDir?: string
  readonly recordingsDir?: string
}

export async function startControl(options: TestControlOptions = {}): Promise<TestControl> {
  await using stack = new AsyncDisposableStack()
  const database = options.database ?? stack.use(await createTestDatabase())
  const folder = await mkdtemp(join(tmpdir(), 'control-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const dashDir = join(folder, 'dash')
  const { hlsDir = join(folder, 'hls'), recordingsDir = join(folder, 'recordings') } = options
  await mkdir(hlsDir, { recursive: true })
  const [api, hooks, nginx] = await freePorts(3)
  const config = readConfig({
    API_PORT: String(api),
    HOOKS_PORT: String(hooks),
    INTERNAL_HTTP_PORT: String(nginx),
    HLS_DIR: hlsDir,
    DASH_DIR: dashDir,
    DATA_DIR: join(folder, 'data'),
    RECORDINGS_DIR: recordingsDir,
    RECORDINGS_MIN_FREE_BYTES: '0',
    HLS_MIN_FREE_BYTES: '0',
    CREATE_RATE_LIMIT: '0',
    NODE_ID: 'test',
    LOG_LEVEL: 'debug',
    ...options.env,
  })
  const logLines: string[] = []
  const logger = pino(loggerOptions(config.logLevel), { write: (line: string) => void logLines.push(line) })
  if (options.media) {
    const socket = config.mediaSocket
    const media = new Media({ socket, hlsDir, recordingsDir, searchPath: process.env.PATH ?? '', logger })
    await stack.use(media).start()
  }
  const control = stack.use(
    await Control.create({
      config: { ...config, databaseUrl: database.url },
      logger,
      migrationsDir: MIGRATIONS_DIR,
      ...(options.now === undefined ? {} : { now: options.now }),
      ...(options.monotonicMs === undefined ? {} : { monotonicMs: options.monotonicMs }),
    }),
  )
  await control.start({ rounds: false })
  const { context, app, internal } = control
  const owned = stack.move()
  return {
    ...{ context, app, internal, database, hlsDir, dashDir, recordingsDir, logLines },
    apiUrl: `http://127.0.0.1:${config.apiPort}`,
    hooksUrl: `http://127.0.0.1:${config.hooksPort}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
