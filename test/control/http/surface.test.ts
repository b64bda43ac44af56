import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { until } from '../../support/until.ts'
import { call, createStream, refused } from '../support/api.ts'

const ORIGIN = 'https://page.example'
let control: TestControl
before(async () => {
  control = await startControl()
})
after(() => control[Symbol.asyncDispose]())

describe('paths and methods', () => {
  test('an unknown path is answered with a 404 problem', async () => {
    for (const path of [
      '/',
      '/v1',
      '/v1/nothing',
      '/V1/streams',
      '/v1/streams/x/y',
      '//v1/streams',
      '/v1/users',
    ]) {
      await refused(control, path, {}, 404, 'not_found')
    }
  })

  test('the internal port’s paths do not exist on the public port, and vice versa', async () => {
    for (const path of ['/metrics', '/stat', '/control', '/hooks/nginx/on_publish']) {
      await refused(control, path, {}, 404, 'not_found')
      await refused(control, path, { method: 'POST', json: {} }, 404, 'not_found')
    }
    for (const path of ['/v1/streams', '/healthz', '/docs', '/openapi.json']) {
      assert.equal((await fetch(control.hooksUrl + path)).status, 404, path)
    }
    const metrics = await fetch(`${control.hooksUrl}/metrics`)
    assert.match(await metrics.text(), /^onair_event_readers 0$/m)
  })

  test('a wrong method is answered with a 405 problem that names the allowed ones', async () => {
    const { id } = await createStream(control)
    const rows: [path: string, methods: string[], allow: string[]][] = [
      ['/v1/streams', ['PUT', 'PATCH', 'DELETE'], ['GET', 'HEAD', 'POST']],
      [`/v1/streams/${id}`, ['POST', 'PUT', 'PATCH'], ['DELETE', 'GET', 'HEAD']],
      [`/v1/streams/${id}/end`, ['GET', 'PUT', 'PATCH', 'DELETE'], ['POST']],
      [`/v1/streams/${id}/stream-key`, ['GET', 'PUT', 'PATCH', 'DELETE'], ['POST']],
      ['/v1/events', ['POST', 'PUT', 'PATCH', 'DELETE'], ['GET']],
      ['/healthz', ['POST', 'DELETE'], ['GET', 'HEAD']],
      ['/readyz', ['POST', 'DELETE'], ['GET', 'HEAD']],
    ]
    for (const [path, methods, allow] of rows) {
      for (const method of methods) {
        const body = method === 'GET' ? {} : { body: '{', headers: { 'content-type': 'application/json' } }
        const answer = await refused(control, path, { method, ...body }, 405, 'method_not_allowed')
        assert.deepEqual(answer.headers.get('allow')?.split(', ').sort(), allow, `${method} ${path}`)
      }
    }
  })
})

describe('CORS', () => {
  /** What a browser would let a page of this origin do. */
  const allowed = async (server: TestControl, origin: string, method: string) => {
    const asked = { origin, 'access-control-request-method': method }
    const preflight = await call(server, '/v1/streams', { method: 'OPTIONS', headers: asked })
    const request = method === 'GET' ? { method } : { method, json: {} }
    const answer = await call(server, '/v1/streams', { ...request, headers: { origin } })
    const [first, second] = [preflight, answer].map(({ headers }) =>
      headers.get('access-control-allow-origin'),
    )
    assert.equal(first, second)
    return first
  }

  test('any page can read; only one of PUBLIC_URL’s origin can change something', async () => {
    const own = new URL(control.context.config.publicUrl).origin
    assert.equal(await allowed(control, ORIGIN, 'GET'), '*')
    assert.equal(await allowed(control, ORIGIN, 'POST'), null)
    assert.equal(await allowed(control, own, 'GET'), '*')
    assert.equal(await allowed(control, own, 'POST'), own)
  })

  test('a page can read the response headers it needs', async () => {
    const { headers } = await call(control, '/v1/streams', { headers: { origin: ORIGIN } })
    assert.deepEqual(headers.get('access-control-expose-headers')?.split(/, ?/).sort(), [
      'Location',
      'Retry-After',
    ])
  })

  test('error responses can be read too', async () => {
    const answer = await refused(
      control,
      '/v1/streams/x',
      { headers: { origin: ORIGIN } },
      404,
      'stream_not_found',
    )
    assert.equal(answer.headers.get('access-control-allow-origin'), '*')
  })

  test('a preflight request is answered with the allowed methods and headers', async () => {
    const answer = await call(control, '/v1/streams', {
      method: 'OPTIONS',
      headers: {
        origin: new URL(control.context.config.publicUrl).origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    })
    assert.equal(answer.status, 204)
    assert.match(answer.headers.get('access-control-allow-methods') ?? '', /POST/)
    assert.match(answer.headers.get('access-control-allow-headers') ?? '', /authorization/i)
  })

  test('with CORS_ORIGINS, only pages of those origins can', async () => {
    const strict = await startControl({
      database: control.database,
      env: { NODE_ID: 'strict', CORS_ORIGINS: ORIGIN },
    })
    try {
      for (const method of ['GET', 'POST']) {
        assert.equal(await allowed(strict, ORIGIN, method), ORIGIN)
        assert.equal(await allowed(strict, 'https://other.example', method), null)
        assert.equal(await allowed(strict, new URL(strict.context.config.publicUrl).origin, method), null)
      }
    } finally {
      await strict[Symbol.asyncDispose]()
    }
  })
})

describe('host names', () => {
  /** fetch sends no Host header of its own. */
  const ask = async (url: string, host: string) => {
    const sent = get(url, { headers: { host } })
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: answer.statusCode, text: await text(answer) }
  }

  test('other names than OnAir’s own are refused on both ports: DNS rebinding', async () => {
    const env = { NODE_ID: 'hosts', INTERNAL_HOSTS: 'Metrics.internal', CONTROL_URL: 'http://control:3000' }
    await using named = await startControl({ database: control.database, env })
    for (const url of [`${named.apiUrl}/v1/streams`, `${named.hooksUrl}/metrics`]) {
      for (const host of [
        'evil.example',
        'evil.example:3000',
        '127.0.0.1.evil.example',
        'localhost.evil.example',
        'a:b:c',
      ]) {
        const { status, text } = await ask(url, host)
        assert.equal(status, 421, host)
        assert.equal(JSON.parse(text).code, 'misdirected_request')
      }
      const own = [
        'localhost:3000',
        'LOCALHOST',
        'a.localhost',
        '127.0.0.1:3000',
        '[::1]:3000',
        '10.0.0.7:3001',
      ]
      for (const host of [...own, 'metrics.internal:3001', 'control:3000', 'control'])
        assert.equal((await ask(url, host)).status, 200, host)
    }
    assert.equal((await ask(`${named.hooksUrl}/nothing`, 'evil.example')).status, 421)
  })
})

describe('health', () => {
  test('however many ask /readyz, nginx is asked once a second', async () => {
    let asked = 0
    const nginx = createServer((_request, response) => {
      asked += 1
      response.end('<rtmp/>')
    }).listen(0, '127.0.0.1')
    await once(nginx, 'listening')
    const { port } = nginx.address() as AddressInfo
    const env = { NODE_ID: 'asked', NGINX_URL: `http://127.0.0.1:${port}` }
    try {
      await using whole = await startControl({ database: control.database, env })
      const begin = performance.now()
      for (let round = 0; round < 10; round++)
        await Promise.all(Array.from({ length: 20 }, () => call(whole, '/readyz')))
      const seconds = Math.floor((performance.now() - begin) / 1_000)
      assert.ok(asked >= 1 && asked <= seconds + 1, `${asked} times in ${seconds} s`)
    } finally {
      nginx.close()
      nginx.closeAllConnections()
    }
  })

  test('/healthz answers 200 while the process is running', async () => {
    const { status, body } = await call(control, '/healthz')
    assert.deepEqual([status, body], [200, { status: 'ok' }])
  })

  test('/readyz names nginx when it is unreachable', async () => {
    const { body } = await refused(control, '/readyz', {}, 503, 'not_ready')
    assert.deepEqual(body.checks, { database: 'ok', hls: 'ok', nginx: 'unreachable' })
    assert.match(body.detail, /nginx/)
  })

  test('/readyz answers 200 when everything is reachable, and names the HLS folder when it is gone', async () => {
    const nginx = createServer((_request, response) => response.end('<rtmp/>')).listen(0, '127.0.0.1')
    await once(nginx, 'listening')
    const { port } = nginx.address() as AddressInfo
    const whole = await startControl({ env: { NGINX_URL: `http://127.0.0.1:${port}` } })
    try {
      const { status, body } = await call(whole, '/readyz')
      assert.deepEqual(
        [status, body],
        [200, { status: 'ok', checks: { database: 'ok', hls: 'ok', nginx: 'ok' } }],
      )
      await rm(whole.hlsDir, { recursive: true })
      await until('another answer', async () => (await call(whole, '/readyz')).status === 503)
      const answer = await refused(whole, '/readyz', {}, 503, 'not_ready')
      assert.deepEqual(answer.body.checks, { database: 'ok', hls: 'unreachable', nginx: 'ok' })
    } finally {
      await whole[Symbol.asyncDispose]()
      nginx.close()
      nginx.closeAllConnections()
    }
  })
})
