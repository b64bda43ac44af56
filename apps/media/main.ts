// Media's process: runs every ffmpeg, and knows no password, token or key. It reads the settings, starts media, and
// stops it on SIGTERM or SIGINT.
import { resolve } from 'node:path'
import { destination, pino } from 'pino'
import { loggerOptions } from '../control/common/logger.ts'
import { ConfigError, readConfig } from '../control/config.ts'
import { Media } from './media.ts'

async function main(): Promise<void> {
  const { mediaSocket, hlsDir, recordingsDir, logLevel } = readConfig()
  const logger = pino(loggerOptions(logLevel), destination({ sync: false }))
  await using media = new Media({
    ...{ socket: resolve(mediaSocket), hlsDir: resolve(hlsDir), recordingsDir: resolve(recordingsDir) },
    searchPath: process.env.PATH ?? '',
    logger,
  })
  await media.start()
  const signal = await stopSignal()
  logger.info({ signal }, 'media is stopping')
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
  // The operator can fix a setting; a stack trace would hide the message.
  const { message, stack } = error as Error
  process.stderr.write(`${error instanceof ConfigError ? message : stack}\n`)
  process.exitCode = 1
}
