// Reads DATABASE_URL once, for both drivers: Prisma's (mariadb) and the migrations runner's (mysql2).
import type { Secret } from '../domain/secret.ts'

export interface ConnectionSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** A Unix socket instead of host and port; `?socket=/path`, as Prisma's own URLs have it. */
  readonly socketPath: string | undefined
}

/** @param url mysql://user:password@host:3306/database, already checked by the settings */
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
