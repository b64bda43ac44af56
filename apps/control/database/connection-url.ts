// Parses DATABASE_URL into settings for the connection, whichever driver opens it (drivers.ts).
import type { Secret } from '../domain/secret.ts'
import { parseTls, type TlsSettings, UNDERSTOOD_TLS } from './connection-tls.ts'

export interface ConnectionSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** Path of a Unix socket that replaces host and port: `?socket=/path`, as in Prisma's URLs. */
  readonly socketPath: string | undefined
  /** Null: what is sent can be read on the way. */
  readonly tls: TlsSettings | null
}

const UNDERSTOOD = ['socket', ...UNDERSTOOD_TLS]

/** What is wrong with the URL's parameters and the files that they name, without any value; null: nothing. */
export function parameterProblem(url: string): string | null {
  try {
    parseUrl(new URL(url))
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/** @param url mysql://user:password@host:3306/database, already validated by environment.ts */
export function parseConnectionUrl(url: Secret): ConnectionSettings {
  return parseUrl(new URL(url.reveal()))
}

/** @throws Error whose message can be shown to the operator */
function parseUrl({ hostname, port, username, password, pathname, searchParams }: URL): ConnectionSettings {
  const unknown = [...searchParams.keys()].filter((name) => !UNDERSTOOD.includes(name))
  if (unknown.length > 0)
    throw new Error(
      `has parameters that OnAir does not know (${unknown.join(', ')}); it knows ${UNDERSTOOD.join(', ')}`,
    )
  const socketPath = searchParams.get('socket') ?? undefined
  const tls = parseTls(searchParams)
  if (tls !== null && socketPath !== undefined)
    throw new Error('has both socket and TLS; a Unix socket does not leave the machine and takes no TLS')
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 3306 : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ...{ socketPath, tls },
  }
}
