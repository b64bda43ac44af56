// The format of the log: JSON lines on stdout. Stream keys in requests and errors are redacted.
import { type BaseLogger, type LogFn, type LoggerOptions, stdSerializers } from 'pino'
import { OutageError } from './outage-error.ts'

export type Logger = Pick<BaseLogger, 'fatal' | 'error' | 'warn' | 'info' | 'debug'>

const KEYS = /live_[0-9A-Za-z]+/g

/** pino's number for the level. */
const DEBUG = 20

function isPartOfOutage(error: unknown): boolean {
  return error instanceof OutageError || (error instanceof Error && error.cause instanceof OutageError)
}

/** The text with every stream key in it replaced. */
export function redactKeys(text: string): string {
  return text.replace(KEYS, 'live_[redacted]')
}

export function loggerOptions(level: string): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    hooks: {
      // An outage is reported once, by its Outage; a line from every part that runs into it would bury the rest.
      logMethod(args: Parameters<LogFn>, method: LogFn, level: number) {
        const first: unknown = args[0]
        const isOutage =
          typeof first === 'object' && first !== null && 'err' in first && isPartOfOutage(first.err)
        if (isOutage && level > DEBUG) this.debug(...args)
        else method.apply(this, args)
      },
    },
    serializers: {
      // Headers and bodies carry keys and tokens, so they are never logged.
      req: (request: { method: string; url: string }) => ({
        method: request.method,
        url: redactKeys(request.url),
      }),
      err: (error: Error) => {
        const { type, message, stack } = stdSerializers.err(error)
        return { type, message: redactKeys(message), stack: redactKeys(stack ?? '') }
      },
    },
  }
}
