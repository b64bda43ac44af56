// The client's address: that of the socket or, when nginx forwards the request, the one in X-Real-IP.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { isLoopback } from '../common/loopback.ts'

/** How long the resolved addresses of nginx's host name are used; a replaced container gets a new address. */
const LOOKUP_TTL_MS = 10_000

export class ClientAddress {
  readonly #nginxHost: string
  #known: { addresses: ReadonlySet<string>; until: number } = { addresses: new Set(), until: 0 }

  /** @param nginxUrl where control reaches nginx; X-Real-IP is trusted only from that host */
  constructor(nginxUrl: string) {
    this.#nginxHost = new URL(nginxUrl).hostname.replace(/^\[|\]$/g, '')
  }

  /**
   * The client as rate limits count it: an IPv4 address, or an IPv6 /64 network, because providers assign a
   * whole /64 to one customer.
   */
  async of(request: FastifyRequest): Promise<string> {
    return toLimitGroup(await this.exact(request))
  }

  /** The client's own address. */
  async exact(request: FastifyRequest): Promise<string> {
    const peer = unmapped(request.socket.remoteAddress ?? '')
    const forwarded = request.headers['x-real-ip']
    const trusted = typeof forwarded === 'string' && isIP(forwarded) !== 0 && (await this.#isNginx(peer))
    return trusted ? unmapped(forwarded) : peer
  }

  async #isNginx(peer: string): Promise<boolean> {
    const { addresses, until } = this.#known
    if (performance.now() < until)
      return addresses.has(peer) || (addresses.has('loopback') && isLoopback(peer))
    const found = await lookup(this.#nginxHost, { all: true }).catch(() => [])
    const names = found.map(({ address }) => (isLoopback(address) ? 'loopback' : address))
    this.#known = { addresses: new Set(names), until: performance.now() + LOOKUP_TTL_MS }
    return this.#isNginx(peer)
  }
}

/** ::ffff:1.2.3.4 is how a dual-stack socket shows an IPv4 address. */
export function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

function toLimitGroup(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const left = head.split(':').filter((part) => part !== '')
  const right = (tail ?? '').split(':').filter((part) => part !== '')
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  return `${[...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':')}::/64`
}
