// The log: JSON lines on stdout. A stream key that strays into a line is blotted out.
import { type BaseLogger, type LoggerOptions, stdSerializers } from 'pino'

export type Logger = Pick<BaseLogger, 'fatal' | 'error' | 'warn' | 'info' | 'debug'>

const KEYS = /live_[0-9A-Za-z]+/g

/** A text without the stream keys in it. */
export function redactKeys(text: string): string {
  return text.replace(KEYS, 'live_[redacted]')
}

export function loggerOptions(level: string): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: {
      // Never headers or bodies: they carry keys and tokens.
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
