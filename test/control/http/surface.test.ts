import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
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
  test('any page can send requests and read the response headers it needs', async () => {
    const { headers } = await call(control, '/v1/streams', {
      method: 'POST',
      json: {},
      headers: { origin: ORIGIN },
    })
    assert.equal(headers.get('access-control-allow-origin'), '*')
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
        origin: ORIGIN,
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
      const allowed = async (origin: string) => {
        const { headers } = await call(strict, '/v1/streams', { headers: { origin } })
        return headers.get('access-control-allow-origin')
      }
      assert.deepEqual([await allowed(ORIGIN), await allowed('https://other.example')], [ORIGIN, null])
    } finally {
      await strict[Symbol.asyncDispose]()
    }
  })
})

describe('health', () => {
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
      const answer = await refused(whole, '/readyz', {}, 503, 'not_ready')
      assert.deepEqual(answer.body.checks, { database: 'ok', hls: 'unreachable', nginx: 'ok' })
    } finally {
      await whole[Symbol.asyncDispose]()
      nginx.close()
      nginx.closeAllConnections()
    }
  })
})
