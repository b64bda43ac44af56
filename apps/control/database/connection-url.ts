// Parses DATABASE_URL into the connection settings of both drivers: mariadb (under Prisma) and mysql2.
import type { Secret } from '../domain/secret.ts'

export interface ConnectionSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** Path of a Unix socket that replaces host and port: `?socket=/path`, as in Prisma's URLs. */
  readonly socketPath: string | undefined
}

/** @param url mysql://user:password@host:3306/database, already validated by config.ts */
export function parseConnectionUrl(url: Secret): ConnectionSettings {
  const parsed = new URL(url.reveal())
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? 3306 : Number(parsed.port),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    socketPath: parsed.searchParams.get('socket') ?? undefined,
  }
}
