// What one client of the public HTTP ports may use, whom nginx takes for the client, and links in the folders.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { until } from '../support/until.ts'
import { FakeControl } from './fake-control.ts'
import { Fixture } from './fixture.ts'

let control: FakeControl
before(async () => {
  control = await FakeControl.start()
})
after(() => control?.[Symbol.asyncDispose]())

/** Sends a request and resolves with its headers; the answer stays open. */
async function open(fixture: Fixture, path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
  const port = fixture.nginx.env.HTTP_PORT
  const sent = request({ host: '127.0.0.1', port, path, agent: false, ...options }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  answer.on('error', () => undefined)
  return answer
}

async function problemOf(answer: IncomingMessage) {
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  assert.equal(answer.headers['access-control-allow-origin'], '*')
  assert.match(String(answer.headers['access-control-expose-headers']), /Retry-After/)
  const { status, code } = JSON.parse(await text(answer)) as { status: number; code: string }
  assert.equal(status, answer.statusCode)
  return `${status} ${code}, again after ${answer.headers['retry-after']} s`
}

suite('readers of events', () => {
  let fixture: Fixture
  before(async () => {
    fixture = await Fixture.start(control, { env: { MAX_READERS_PER_ADDRESS: '3', MAX_READERS: '5' } })
  })
  after(() => fixture?.[Symbol.asyncDispose]())

  test('are limited for each address and in all; who is refused gets a problem, and in when another leaves', async () => {
    const events = (localAddress: string) => open(fixture, '/v1/events', { localAddress })
    const readers = []
    for (let count = 0; count < 3; count++) readers.push(await events('127.0.0.1'))
    assert.deepEqual(
      readers.map((it) => it.statusCode),
      [200, 200, 200],
    )
    const refused = '503 too_many_readers, again after 10 s'
    assert.equal(await problemOf(await events('127.0.0.1')), refused)
    for (let count = 0; count < 2; count++) readers.push(await events('127.0.0.2'))
    assert.equal(readers.at(-1)?.statusCode, 200, 'another address has room')
    assert.equal(await problemOf(await events('127.0.0.3')), refused)
    assert.equal((await fixture.get('/v1/streams')).status, 200, 'other requests are not readers')
    readers[0]?.destroy()
    await until('room', async () => {
      const answer = await events('127.0.0.3')
      if (answer.statusCode === 200) readers.push(answer)
      else answer.destroy()
      return answer.statusCode === 200
    })
    for (const reader of readers) reader.destroy()
  })
})

test('API_RATE_LIMIT: an address that asks the API too often gets 429; other addresses and files do not', async () => {
  await using fixture = await Fixture.start(control, { env: { API_RATE_LIMIT: '1' } })
  const statuses = []
  for (let count = 0; count < 6; count++) statuses.push((await fixture.get('/v1/streams')).status)
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429])
  assert.equal(await problemOf(await open(fixture, '/v1/streams')), '429 too_many_requests, again after 2 s')
  assert.equal((await open(fixture, '/v1/streams', { localAddress: '127.0.0.2' })).statusCode, 200)
  assert.equal((await fixture.get('/')).status, 200)
})

test('MAX_CONNECTIONS_PER_ADDRESS: who has too many requests open gets 503, for the page, video and the API', async () => {
  await using fixture = await Fixture.start(control, { env: { MAX_CONNECTIONS_PER_ADDRESS: '2' } })
  const port = fixture.nginx.env.HTTP_PORT
  const headers = { 'content-length': 10 }
  const slow = [1, 2].map(() =>
    request({ port, host: '127.0.0.1', path: '/v1/streams', method: 'POST', headers }),
  )
  for (const one of slow) one.on('error', () => undefined).write('half')
  for (const path of ['/', '/hls/abc/index.m3u8', '/recordings/abc/index.m3u8', '/v1/streams', '/docs']) {
    await until(`a refusal of ${path}`, async () => (await fixture.get(path)).status === 503)
    assert.equal(await problemOf(await open(fixture, path)), '503 too_many_connections, again after 10 s')
  }
  assert.equal((await open(fixture, '/', { localAddress: '127.0.0.2' })).statusCode, 200)
  for (const one of slow) one.destroy()
})

test('limits beyond what nginx can count are as good as none', async () => {
  const names = ['MAX_READERS', 'MAX_READERS_PER_ADDRESS', 'MAX_CONNECTIONS_PER_ADDRESS', 'API_RATE_LIMIT']
  const more = ['MAX_RTMP_CONNECTIONS', 'MAX_RTMP_CONNECTIONS_PER_ADDRESS']
  const env = Object.fromEntries([...names, ...more].map((name) => [name, '1000000']))
  await using fixture = await Fixture.start(control, { env })
  assert.equal((await fixture.get('/v1/streams')).status, 200)
})

test('a limit of 0 is none', async () => {
  const env = { API_RATE_LIMIT: '0', MAX_READERS: '0', MAX_READERS_PER_ADDRESS: '0' }
  await using fixture = await Fixture.start(control, { env: { ...env, MAX_CONNECTIONS_PER_ADDRESS: '0' } })
  const answers = await Promise.all(
    Array.from({ length: 1_100 }, (_, index) => open(fixture, index < 1_050 ? '/v1/events' : '/v1/streams')),
  )
  for (const answer of answers) {
    assert.equal(answer.statusCode, 200)
    answer.destroy()
  }
})

suite('TRUSTED_PROXIES', () => {
  let fixture: Fixture
  before(async () => {
    const env = { TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8,2001:db8::/32', MAX_READERS_PER_ADDRESS: '1' }
    fixture = await Fixture.start(control, { env })
  })
  after(() => fixture?.[Symbol.asyncDispose]())

  /** What control sees. */
  async function seen(from: string, headers: Record<string, string>) {
    const answer = await open(fixture, '/v1/streams', { localAddress: from, headers })
    const { headers: sent } = JSON.parse(await text(answer)) as { headers: Record<string, string> }
    return [sent['x-real-ip'], sent['x-forwarded-for'], sent['x-forwarded-proto']].join(' ')
  }

  test('a proxy’s word counts for the client’s address and scheme; a client’s own does not', async () => {
    const said = { 'x-forwarded-for': '9.9.9.9, 203.0.113.7, 10.1.1.1', 'x-forwarded-proto': 'https' }
    assert.equal(await seen('127.0.0.1', said), '203.0.113.7 203.0.113.7 https')
    assert.equal(await seen('127.0.0.2', said), '127.0.0.2 127.0.0.2 http')
    assert.equal(await seen('127.0.0.1', {}), '127.0.0.1 127.0.0.1 http')
    assert.equal(await seen('127.0.0.1', { 'x-forwarded-proto': 'evil' }), '127.0.0.1 127.0.0.1 http')
  })

  test('limits count the client, and a whole /64 network of IPv6 as one', async () => {
    const status = async (client: string) => {
      const answer = await open(fixture, '/v1/events', { headers: { 'x-forwarded-for': client } })
      return answer.statusCode
    }
    assert.equal(await status('203.0.113.7'), 200)
    assert.equal(await status('203.0.113.7'), 503)
    assert.equal(await status('203.0.113.8'), 200)
    assert.equal(await status('2a00:0:0a0a:1::1'), 200)
    assert.equal(await status('2a00:0:0a0a:1:ffff::2'), 503)
    assert.equal(await status('2a00:0:0a0a:2::1'), 200)
  })
})

test('a wrong limit or network stops the start and is named', async () => {
  for (const [name, value] of [
    ['MAX_READERS', 'many'],
    ['MAX_READERS_PER_ADDRESS', ''],
    ['API_RATE_LIMIT', '-1'],
    ['MAX_CONNECTIONS_PER_ADDRESS', '1;'],
    ['TRUSTED_PROXIES', 'caddy.local'],
  ] as const) {
    await assert.rejects(Fixture.start(control, { env: { [name]: value } }), new RegExp(`gave up: .*${name}`))
  }
})

test('no symbolic link in the folders is followed, and hard links are served', async () => {
  await using fixture = await Fixture.start(control)
  const secret = join(fixture.folder, 'secret')
  writeFileSync(secret, 'secret')
  const folders = {
    hls: fixture.hlsDir,
    dash: fixture.dashDir,
    recordings: join(fixture.folder, 'recordings'),
  }
  for (const [name, folder] of Object.entries(folders)) {
    const file = name === 'dash' ? '1.m4v' : 'a.ts'
    mkdirSync(join(folder, 'own'))
    linkSync(secret, join(folder, 'own', file))
    assert.equal((await fixture.get(`/${name}/own/${file}`)).body.toString(), 'secret')
    // The file is a link, and the folder is one.
    mkdirSync(join(folder, 'linked'))
    symlinkSync(secret, join(folder, 'linked', file))
    symlinkSync(join(folder, 'own'), join(folder, 'elsewhere'))
    for (const id of ['linked', 'elsewhere']) {
      const answer = await fixture.get(`/${name}/${id}/${file}`)
      assert.ok(!answer.body.includes('secret'), `${name}/${id}`)
      // Control is asked for recordings that are not in the folder.
      if (name !== 'recordings') assert.ok([403, 404].includes(answer.status), `${name}/${id}`)
    }
  }
})
