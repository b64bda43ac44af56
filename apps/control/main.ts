// Control's process: settings, context, listen; and an orderly stop on SIGTERM or SIGINT.
import { join } from 'node:path'
import { destination, pino } from 'pino'
import { buildApp, buildInternalApp } from './app.ts'
import { loggerOptions } from './common/logger.ts'
import { ConfigError, readConfig } from './config.ts'
import { createContext } from './context.ts'
import { NodeIdTakenError } from './nodes/node-lease.ts'

/**
 * Lines are written behind the work, many at once: one that waits for the disk, or for whoever reads it,
 * would keep a hook waiting. What is left is written when the process ends.
 */
const LOG = { sync: false, minLength: 4_096, periodicFlush: 500 }

async function main(): Promise<void> {
  const config = readConfig()
  const { databaseUrl } = config
  if (databaseUrl === undefined)
    throw new ConfigError('DATABASE_URL is not set; `npm start` brings a database of its own.')
  const logger = pino(loggerOptions(config.logLevel), destination(LOG))
  const migrationsDir = join(import.meta.dirname, '../../prisma/migrations')
  await using context = await createContext({ config: { ...config, databaseUrl }, logger, migrationsDir })
  const app = await buildApp(context)
  const internal = await buildInternalApp(context)
  // Internal first: nginx may send hooks as soon as the public side says that all is well.
  await internal.listen({ host: config.listenAddress, port: config.hooksPort })
  await app.listen({ host: config.listenAddress, port: config.apiPort })
  context.reconciler.start()
  context.recorder.start()
  logger.info({ node: config.nodeId, api: config.apiPort, hooks: config.hooksPort }, 'control is up')
  // Before that a signal ends the process as it is: there is nothing to be put in order yet.
  const signal = await stopSignal()
  logger.info({ signal }, 'control is stopping')
  // At once, for each waits for requests of its own.
  await Promise.all([app.close(), internal.close()])
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
  // A setting is the reader's to mend: a stack trace would hide the message.
  const isTheReaders = error instanceof ConfigError || error instanceof NodeIdTakenError
  process.stderr.write(`${isTheReaders ? error.message : (error as Error).stack}\n`)
  process.exitCode = 1
}
