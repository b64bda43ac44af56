// Whether an address or a host's name is this machine itself.
import { BlockList, isIP } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

export function isLoopback(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** Also true for localhost and names below it, which always mean this machine (RFC 6761 §6.3). */
export function isLoopbackHost(host: string): boolean {
  return isLoopback(host) || /^(.+\.)?localhost\.?$/i.test(host)
}
