// Control's process: reads the settings, starts control, and stops it on SIGTERM or SIGINT.
import { join } from 'node:path'
import { destination, pino } from 'pino'
import { loggerOptions } from './common/logger.ts'
import { ConfigError, readConfig, requireSafeFolders } from './config.ts'
import { Control } from './control.ts'
import { InsecureDatabaseError, MigrationError } from './database/migrations.ts'
import { NodeIdTakenError } from './nodes/node-lease.ts'
import { RecordingsFolderError } from './recordings/folder-id.ts'

/**
 * Log lines are buffered and written in batches: a write that waits for the disk, or for a slow reader of
 * stdout, would delay a hook. The rest is written when the process ends.
 */
const LOG = { sync: false, minLength: 4_096, periodicFlush: 500 }

/** The operator has to fix these; their messages say how. */
const OPERATORS_ERRORS = [
  ConfigError,
  InsecureDatabaseError,
  MigrationError,
  NodeIdTakenError,
  RecordingsFolderError,
]

async function main(): Promise<void> {
  const config = readConfig()
  const { databaseUrl } = config
  if (databaseUrl === undefined)
    throw new ConfigError([
      'DATABASE_URL: must be set; only `npm start` runs a database of its own when it is not',
    ])
  requireSafeFolders(config)
  const logger = pino(loggerOptions(config.logLevel), destination(LOG))
  const migrationsDir = join(import.meta.dirname, '../../prisma/migrations')
  await using control = await Control.create({ config: { ...config, databaseUrl }, logger, migrationsDir })
  await control.start()
  // Before this point a signal ends the process at once; nothing needs an orderly stop yet.
  const signal = await Promise.race([stopSignal(), control.context.lease.lost])
  logger.info({ signal }, 'control is stopping')
}

function stopSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  process.once('SIGTERM', resolve)
  process.once('SIGINT', resolve)
  return promise
}

try {
  await main()
} catch (error) {
  // The operator can fix these; a stack trace would hide the message.
  const isOperatorsToFix = OPERATORS_ERRORS.some((type) => error instanceof type)
  const { message, stack } = error as Error
  process.stderr.write(`${isOperatorsToFix ? message : stack}\n`)
  process.exitCode = 1
}
