// nginx with a certificate: HTTPS, RTMPS, what HTTP_PORT still answers, and a certificate that is replaced.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { type RequestOptions, request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { putCertificate } from '../../apps/stack/tls/certificate-folder.ts'
import { handshake, makeCertificate, type TestCertificate } from '../support/certificate.ts'
import { freePorts } from '../support/ports.ts'
import { startRelay } from '../support/relay.ts'
import { until } from '../support/until.ts'
import { FakeControl } from './fake-control.ts'
import { Fixture, publish } from './fixture.ts'

const KEY = 'live_0123456789abcdefghijklmnopqrstuv'
const ID = 'k3v9x2m5q8w1z4t7r6p0'
const CHALLENGE = '/.well-known/acme-challenge/token-1'

let folder: string
let control: FakeControl
let first: TestCertificate
let tlsDir: string
let fixture: Fixture
let https: string
let rtmps: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tls-'))
  tlsDir = join(folder, 'in-use')
  first = makeCertificate(folder, 'first')
  putCertificate(tlsDir, first)
  await mkdir(join(folder, 'acme/.well-known/acme-challenge'), { recursive: true })
  await writeFile(join(folder, 'acme', CHALLENGE), 'token-1.proof')
  control = await FakeControl.start()
  control.ids.set(KEY, ID)
  ;[https, rtmps] = (await freePorts(2)).map(String) as [string, string]
  fixture = await Fixture.start(control, { env: tlsEnv() })
})

after(async () => {
  await fixture?.[Symbol.asyncDispose]()
  await control?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

function tlsEnv(more: Record<string, string> = {}): Record<string, string> {
  return {
    ...{ TLS_DIR: tlsDir, HTTPS_PORT: https, RTMPS_PORT: rtmps, ACME_WEBROOT: join(folder, 'acme') },
    PUBLIC_URL: `https://live.example:${https}`,
    ...more,
  }
}

async function ask(path: string, options: RequestOptions = {}) {
  const sent = request({
    host: 'localhost',
    port: https,
    path,
    ca: first.cert,
    agent: false,
    ...options,
  }).end()
  const [answer] = await once(sent, 'response')
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) }
}

test('HTTPS serves the page and the API, over HTTP/2 as well, and no TLS older than 1.2', async () => {
  assert.match((await ask('/')).body, /OnAir/)
  const seen = JSON.parse((await ask('/v1/streams')).body) as { headers: Record<string, string> }
  assert.equal(seen.headers['x-forwarded-proto'], 'https')
  assert.equal((await handshake(https, { ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'h2')
  const session = connectHttp2(`https://localhost:${https}`, { ca: first.cert })
  const stream = session.request({ ':path': '/' })
  const [headers] = await once(stream, 'response')
  assert.equal(headers[':status'], 200)
  assert.match(await text(stream), /OnAir/)
  session.close()
  assert.equal((await handshake(https)).protocol, 'TLSv1.3')
  assert.equal((await handshake(https, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2')
  // Level 0, because otherwise this end would not offer TLS 1.1 at all.
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  for (const port of [https, rtmps]) await assert.rejects(handshake(port, old), /protocol version/)
})

test('HTTP_PORT redirects GET and HEAD to the host that was asked for, at PUBLIC_URL’s port', async () => {
  for (const method of ['GET', 'HEAD']) {
    for (const path of ['/', '/watch/abc?t=1', '/hls/abc/index.m3u8', '/v1/streams', '/nowhere']) {
      const answer = await fixture.get(path, { host: `stage.example:${fixture.nginx.env.HTTP_PORT}` }, method)
      assert.equal(answer.status, 308, `${method} ${path}`)
      assert.equal(answer.headers.location, `https://stage.example:${https}${path}`)
    }
  }
  // HTTP/1.0 has no Host header.
  const socket = connect(Number(fixture.nginx.env.HTTP_PORT), '127.0.0.1')
  socket.end('GET /x HTTP/1.0\r\n\r\n')
  assert.match(await text(socket), new RegExp(`\r\nLocation: https://live\\.example:${https}/x\r\n`))
})

test('HTTP_PORT refuses every other method with a problem that says why, and nothing reaches control', async () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const answer = await fixture.get('/v1/streams/abc/end', { authorization: `Bearer ${KEY}` }, method)
    assert.equal(answer.status, 403, method)
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    const problem = JSON.parse(answer.body.toString()) as { status: number; code: string; detail: string }
    assert.deepEqual([problem.status, problem.code], [403, 'https_required'])
    assert.match(problem.detail, new RegExp(`not encrypted.*https://live\\.example:${https} `))
  }
})

test('HTTP_PORT still answers health checks and an ACME client’s challenges, with or without a certificate', async () => {
  await using plain = await Fixture.start(control, { env: { ACME_WEBROOT: join(folder, 'acme') } })
  for (const { get } of [fixture, plain].map((it) => ({ get: it.get.bind(it) }))) {
    for (const path of ['/healthz', '/readyz']) assert.equal((await get(path)).status, 200, path)
    const challenge = await get(CHALLENGE)
    assert.equal(challenge.body.toString(), 'token-1.proof')
    assert.equal((await get('/.well-known/acme-challenge/other')).status, 404)
  }
  assert.equal((await fixture.get('/healthz', {}, 'POST')).status, 403)
})

test('HSTS is sent only when it is asked for, and never over plain HTTP', async () => {
  const [port, other] = (await freePorts(2)).map(String)
  const env = tlsEnv({ HTTPS_PORT: `${port}`, RTMPS_PORT: `${other}`, HSTS_MAX_AGE: '3600' })
  await using asked = await Fixture.start(control, { env })
  for (const path of ['/', '/v1/streams', '/nowhere']) {
    assert.equal((await ask(path, { port })).headers['strict-transport-security'], 'max-age=3600', path)
    assert.equal((await ask(path)).headers['strict-transport-security'], undefined, path)
  }
  assert.equal((await asked.get('/')).headers['strict-transport-security'], undefined)
})

test('a publisher over RTMPS is announced to control with its own address', async () => {
  await using relay = await startRelay('127.0.0.2', rtmps)
  control.hooks.length = 0
  await using _publisher = publish(`rtmps://localhost:${relay.port}/live/${KEY}`)
  const hook = await until('the hook', () => control.hooks.find((it) => it.form.get('name') === KEY))
  assert.equal(hook.form.get('addr'), '127.0.0.2')
  await until('the playlist', async () => {
    const answer = await ask(`/hls/${ID}/index.m3u8`)
    return answer.status === 200 && answer.body.includes('.ts')
  })
  assert.match(await fixture.stat(), /<address>127\.0\.0\.2</)
})

test('a replaced certificate is shown at the next handshake, and open connections go on', async () => {
  await using publisher = publish(`rtmps://localhost:${rtmps}/live/${KEY}`)
  await until('the publisher', async () => (await fixture.stat()).includes(ID))
  const session = connectHttp2(`https://localhost:${https}`, { ca: first.cert })
  const events = session.request({ ':path': '/v1/events' })
  let received = ''
  events.setEncoding('utf8').on('data', (piece: string) => {
    received += piece
  })
  await until('the first bytes', () => received.includes('retry'))

  const second = makeCertificate(folder, 'second')
  putCertificate(tlsDir, second)
  for (const port of [https, rtmps]) assert.equal((await handshake(port)).serial, second.serial)

  for (const reader of control.readers) reader.write('data: still here\n\n')
  await until('an event on the old connection', () => received.includes('still here'))
  assert.ok(publisher.running)
  assert.ok((await fixture.stat()).includes(ID))
  session.destroy()
  putCertificate(tlsDir, first)
})

test('handshakes go on while the certificate is replaced again and again', async () => {
  const second = makeCertificate(folder, 'third')
  const shown = new Set<string>()
  for (let round = 0; round < 40; round++) {
    const wanted = round % 2 === 0 ? second : first
    putCertificate(tlsDir, wanted)
    const { serial } = await handshake(https)
    assert.equal(serial, wanted.serial)
    shown.add(serial)
  }
  assert.equal(shown.size, 2)
  putCertificate(tlsDir, first)
})

test('HTTP_ADDRESS and RTMP_ADDRESS say where the public ports listen', async () => {
  const [httpsPort, rtmpsPort] = (await freePorts(2)).map(String)
  const ports = { HTTPS_PORT: `${httpsPort}`, RTMPS_PORT: `${rtmpsPort}` }
  const env = tlsEnv({ ...ports, HTTP_ADDRESS: '127.0.0.3', RTMP_ADDRESS: '127.0.0.4' })
  await using other = await Fixture.start(control, { env })
  const { HTTP_PORT, RTMP_PORT } = other.nginx.env
  const listening: string[] = []
  for (const host of ['127.0.0.1', '127.0.0.3', '127.0.0.4', '::1']) {
    for (const [name, port] of Object.entries({ HTTP_PORT, RTMP_PORT, ...ports })) {
      const socket = connect(Number(port), host)
      const connected = await once(socket, 'connect').then(
        () => true,
        () => false,
      )
      socket.destroy()
      if (connected) listening.push(`${name} ${host}`)
    }
  }
  assert.deepEqual(listening, [
    ...['HTTP_PORT 127.0.0.3', 'HTTPS_PORT 127.0.0.3'],
    ...['RTMP_PORT 127.0.0.4', 'RTMPS_PORT 127.0.0.4'],
  ])
})

test('a wrong setting for TLS stops the start and is named', async () => {
  for (const [name, value] of [
    ['HTTPS_PORT', ''],
    ['RTMPS_PORT', 'x'],
    ['HSTS_MAX_AGE', 'a year'],
    ['TLS_DIR', '/tmp/$x'],
    ['HTTP_ADDRESS', 'everywhere'],
    ['PUBLIC_URL', 'https://a b/'],
  ] as const) {
    const start = Fixture.start(control, { env: tlsEnv({ [name]: value }) })
    await assert.rejects(start, new RegExp(`gave up: .*${name}`))
  }
})
