// The options that open a connection as DATABASE_URL says, for each of the two drivers: mysql2, and mariadb,
// which is under Prisma. Both send nothing secret before the server's certificate was checked.
import { createRequire } from 'node:module'
import { connect, isIP, type Socket } from 'node:net'
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls'
import { type AuthPlugin, authPlugins, type ConnectionOptions } from 'mysql2'
import { isLoopbackHost } from '../common/loopback.ts'
import type { Secret } from '../domain/secret.ts'
import { type ConnectionSettings, parseConnectionUrl } from './connection-url.ts'

/** For mysql2. */
export function mysql2Options(url: Secret): ConnectionOptions {
  const settings = parseConnectionUrl(url)
  const { host, port, socketPath, user, password, database, tls } = settings
  return {
    ...{ user, password, database },
    ...(socketPath === undefined ? { host, port } : { socketPath }),
    ...(tls === null ? {} : { ssl: { ...tls.files, ...verification(settings) } }),
    // mysql2 has no other way to say whose name an IP address has to be in the certificate.
    ...(tls !== null && isIP(host) !== 0 ? { stream: () => socketTo(host, port) } : {}),
    ...(mayRetrievePublicKey(settings) ? {} : { authPlugins: WITHOUT_KEY_RETRIEVAL }),
  }
}

/** For mariadb. */
export function mariadbOptions(url: Secret) {
  const settings = parseConnectionUrl(url)
  const { host, port, socketPath, user, password, database, tls } = settings
  const name = isIP(host) === 0 ? { servername: host } : {}
  const ssl = { ...tls?.files, ...name, ...verification(settings) }
  return {
    ...{ user, password, database },
    ...(socketPath === undefined ? { host, port } : { socketPath }),
    ...(tls === null ? {} : { ssl }),
    allowPublicKeyRetrieval: mayRetrievePublicKey(settings),
  }
}

function verification({ host, tls }: ConnectionSettings) {
  const verifyIdentity = tls?.verify === 'identity'
  return {
    rejectUnauthorized: tls?.verify !== 'nothing',
    verifyIdentity,
    checkServerIdentity: (_name: string, cert: PeerCertificate) =>
      verifyIdentity ? checkServerIdentity(host, cert) : undefined,
  }
}

/** Whether the connection leaves the machine unencrypted. */
export function isExposed(url: Secret): boolean {
  const settings = parseConnectionUrl(url)
  return settings.tls === null && !mayRetrievePublicKey(settings)
}

/**
 * MySQL 8's login asks an unknown server for a public key to encrypt the password with. Whoever stands in between
 * can send their own; so this is only for connections that nobody can be in between of. With TLS it is not needed.
 */
function mayRetrievePublicKey({ host, socketPath, tls }: ConnectionSettings): boolean {
  return tls === null && (socketPath !== undefined || isLoopbackHost(host))
}

const REQUESTS = { caching_sha2_password: 2, sha256_password: 1 } as const

const WITHOUT_KEY_RETRIEVAL = {
  caching_sha2_password: withoutKeyRetrieval('caching_sha2_password'),
  sha256_password: withoutKeyRetrieval('sha256_password'),
}

function withoutKeyRetrieval(name: keyof typeof REQUESTS): AuthPlugin {
  return (metadata) => {
    const answer = authPlugins[name]()(metadata)
    return (data) => {
      const reply = answer(data)
      if (Buffer.isBuffer(reply) && reply.length === 1 && reply[0] === REQUESTS[name])
        throw new Error(
          'the server wants the password on a connection without TLS; add ?ssl-mode=VERIFY_IDENTITY',
        )
      return reply
    }
  }
}

/** Node compares the certificate with the name in `_host`, which it does not set for IP addresses. */
function socketTo(host: string, port: number): Socket {
  return Object.assign(connect(port, host).setNoDelay(true), { _host: host })
}

/** The part of mariadb's connection that is changed here. */
interface DriverConnection {
  createSecureContext(info: { requireValidCert?: boolean }, onSecure: () => void): void
  socket: TLSSocket
}

/**
 * mariadb answers a server that says it is MariaDB before it has checked its certificate, with the password in
 * clear text if the server asks for that. It checks afterwards. Here it checks first.
 */
function checkCertificatesFirst(): void {
  const adapter = createRequire(import.meta.url).resolve('@prisma/adapter-mariadb')
  const { prototype } = createRequire(adapter)('mariadb/lib/connection.js') as { prototype: DriverConnection }
  const { createSecureContext } = prototype
  if (createSecureContext === undefined)
    throw new Error('mariadb has changed: drivers.ts cannot check certificates')
  prototype.createSecureContext = function checked(this: DriverConnection, info, onSecure) {
    createSecureContext.call(this, info, () => {
      const { authorized, authorizationError } = this.socket
      if (info.requireValidCert !== true || authorized) onSecure()
      else this.socket.destroy(new Error(`the database's certificate is not accepted: ${authorizationError}`))
    })
  }
}

checkCertificatesFirst()
