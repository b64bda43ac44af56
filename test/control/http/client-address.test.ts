import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FastifyRequest } from 'fastify'
import { ClientAddress } from '../../../apps/control/http/client-address.ts'

/** The client of a request, as the rate limits count it. */
function seen(peer: string, realIp?: string | string[], nginxUrl = 'http://127.0.0.1:8090'): Promise<string> {
  const headers = realIp === undefined ? {} : { 'x-real-ip': realIp }
  const request = { socket: { remoteAddress: peer }, headers } as unknown as FastifyRequest
  return new ClientAddress(nginxUrl).of(request)
}

test('is the socket’s address without X-Real-IP', async () => {
  assert.equal(await seen('198.51.100.7'), '198.51.100.7')
  assert.equal(await seen('::ffff:198.51.100.7'), '198.51.100.7')
})

test('is X-Real-IP when nginx sends the request', async () => {
  assert.equal(await seen('127.0.0.1', '198.51.100.7'), '198.51.100.7')
  assert.equal(await seen('::ffff:127.0.0.1', '198.51.100.7'), '198.51.100.7')
  assert.equal(await seen('::1', '198.51.100.7'), '198.51.100.7')
  assert.equal(await seen('10.0.0.2', '198.51.100.7', 'http://10.0.0.2:8090'), '198.51.100.7')
  assert.equal(await seen('127.0.0.1', '198.51.100.7', 'http://localhost:8090'), '198.51.100.7')
  assert.equal(await seen('::1', '198.51.100.7', 'http://[::1]:8090'), '198.51.100.7')
})

test('is not X-Real-IP when anybody else sends the request', async () => {
  assert.equal(await seen('198.51.100.7', '192.0.2.1'), '198.51.100.7')
  assert.equal(await seen('10.0.0.3', '192.0.2.1', 'http://10.0.0.2:8090'), '10.0.0.3')
  // nginx is on another host, so a request from loopback is not from nginx.
  assert.equal(await seen('127.0.0.1', '192.0.2.1', 'http://10.0.0.2:8090'), '127.0.0.1')
  assert.equal(await seen('10.0.0.3', '192.0.2.1', 'http://nginx.invalid:8090'), '10.0.0.3')
})

test('is not an X-Real-IP that is not an address', async () => {
  for (const word of ['', 'unknown', '192.0.2.1, 192.0.2.2', '192.0.2.1:80', '999.0.2.1']) {
    assert.equal(await seen('127.0.0.1', word), '127.0.0.1', word)
  }
  assert.equal(await seen('127.0.0.1', ['192.0.2.1', '192.0.2.2']), '127.0.0.1')
})

test('is the /64 network of an IPv6 address, because providers assign a whole /64 to one customer', async () => {
  for (const address of [
    '2001:db8:1:2::1',
    '2001:db8:1:2:ffff:ffff:ffff:ffff',
    '2001:DB8:1:2:0::5',
    '2001:db8:1:2::',
  ]) {
    assert.equal(await seen('127.0.0.1', address), '2001:db8:1:2::/64')
  }
  assert.equal(await seen('2001:db8::7'), '2001:db8:0:0::/64')
  assert.notEqual(await seen('2001:db8:1:3::1'), await seen('2001:db8:1:2::1'))
  assert.equal(await seen('fe80::1', undefined), 'fe80:0:0:0::/64')
})
