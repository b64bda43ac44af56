// Refuses requests that name a host that is not OnAir's own. Ports that listen on loopback cannot be reached from
// outside, but a browser on this machine can be made to: a page of evil.example, whose name the attacker's DNS
// server changes to 127.0.0.1 under way, may read what evil.example answers (DNS rebinding).
import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { isLoopbackHost } from '../common/loopback.ts'
import { AppError } from './errors.ts'

/** The name or address, with the brackets of IPv6, and the port. */
const HOST = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/

/**
 * Lets pass: addresses, because no DNS server has a say in them; this machine's own names; the given names; and
 * requests without a name, which no browser sends.
 * @param names host names in lower case, without ports
 */
export function requireOwnHost(app: FastifyInstance, names: ReadonlySet<string>): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (isOwn(request.headers.host ?? '', names)) return done()
    const detail = 'This port is for OnAir itself, and not under this host name. INTERNAL_HOSTS can allow it.'
    done(new AppError(421, 'misdirected_request', detail))
  })
}

function isOwn(header: string, names: ReadonlySet<string>): boolean {
  const host = HOST.exec(header)?.[1]?.toLowerCase()
  if (host === undefined) return false
  return host === '' || isIP(host.replace(/^\[|\]$/g, '')) !== 0 || isLoopbackHost(host) || names.has(host)
}
