// Who is calling: the socket's address, or what nginx says when the caller is nginx.
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** How long an address of nginx's name is believed; a replaced container gets another. */
const LOOKUP_TTL_MS = 10_000

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

export class ClientAddress {
  readonly #nginxHost: string
  #known: { addresses: ReadonlySet<string>; until: number } = { addresses: new Set(), until: 0 }

  /** @param nginxUrl where control finds nginx, so that it knows nginx when it calls */
  constructor(nginxUrl: string) {
    this.#nginxHost = new URL(nginxUrl).hostname.replace(/^\[|\]$/g, '')
  }

  /** The caller as rate limits know it: an IPv4 address, or an IPv6 /64, which is one customer. */
  async of(request: FastifyRequest): Promise<string> {
    const peer = plain(request.socket.remoteAddress ?? '')
    const claimed = request.headers['x-real-ip']
    const believed = typeof claimed === 'string' && isIP(claimed) !== 0 && (await this.#isNginx(peer))
    return group(believed ? plain(claimed) : peer)
  }

  async #isNginx(peer: string): Promise<boolean> {
    const { addresses, until } = this.#known
    if (Date.now() < until) return addresses.has(peer) || (addresses.has('loopback') && isLoopback(peer))
    const found = await lookup(this.#nginxHost, { all: true }).catch(() => [])
    const names = found.map(({ address }) => (isLoopback(address) ? 'loopback' : address))
    this.#known = { addresses: new Set(names), until: Date.now() + LOOKUP_TTL_MS }
    return this.#isNginx(peer)
  }
}

function isLoopback(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** ::ffff:1.2.3.4 is how a dual-stack socket shows an IPv4 address. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

function group(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const left = head.split(':').filter((part) => part !== '')
  const right = (tail ?? '').split(':').filter((part) => part !== '')
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  return `${[...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':')}::/64`
}
