import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { startControl } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'
import { call, createStream, hook, hookBody, publish, publishDone, put, refused } from '../support/api.ts'
import { DatabaseProxy } from '../support/unix-proxy.ts'

/** Every value of every table, as text. */
async function dump(database: TestDatabase): Promise<string> {
  const tables = await database.query(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
  )
  assert.ok(tables.length >= 4)
  const rows = await Promise.all(tables.map(({ name }) => database.query(`SELECT * FROM \`${name}\``)))
  return rows
    .flat()
    .flatMap((row) =>
      Object.values(row).map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value))),
    )
    .join('\n')
}

test('a stream key appears in no log line, database column, event or answer except the two answers that issue it', async () => {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await createTestDatabase())
  const proxy = stack.use(await DatabaseProxy.start(database))
  // Answers every request with an error that quotes its URL.
  const nginx = createServer((request, response) => response.writeHead(500).end(request.url)).listen(
    0,
    '127.0.0.1',
  )
  await once(nginx, 'listening')
  stack.defer(() => void nginx.close())
  const env = { LOG_LEVEL: 'trace', NGINX_URL: `http://127.0.0.1:${(nginx.address() as AddressInfo).port}` }
  const control = stack.use(await startControl({ database: proxy.database, env }))
  const everything = stack.use(await SseReader.open(`${control.apiUrl}/v1/events?lastEventId=0`))

  const { id, streamKey } = await createStream(control, { title: 'secret' })
  const own = stack.use(await SseReader.open(`${control.apiUrl}/v1/events?stream=${id}&lastEventId=0`))
  const first = streamKey.value
  const answers: string[] = []
  const ask = async (path: string, request = {}) => answers.push((await call(control, path, request)).text)

  const path = `/v1/streams/${id}`
  const { body } = await call<{ value: string }>(control, `${path}/stream-key`, {
    method: 'POST',
    token: first,
  })
  const key = body.value
  await publish(control, first)
  await publish(control, key, 1, { args: `token=${key}&name=${key}` })
  await put(control, id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date() })
  for (const token of [key, first]) await ask(path, { token })
  await ask('/v1/streams', { token: key })
  await publish(control, key, 2)
  await publishDone(control, key)
  await publish(control, key, 3)
  await hook(control, 'on_publish', hookBody('publish', key, 4).replace('clientid=4', `clientid=${key}`))
  await hook(control, 'on_publish', `${hookBody('publish', key, 4)}&${'x'.repeat(20_000)}`)
  await hook(control, 'on_publish', JSON.stringify({ key }), { 'content-type': 'application/json' })
  // Keys in places where they do not belong.
  await ask(`/v1/streams/${key}`)
  await ask(`/v1/streams?cursor=${key}`)
  await ask(`/v1/events?stream=${key}`)
  proxy.cut()
  assert.equal((await publish(control, key, 5)).status, 503)
  await refused(control, path, { token: key }, 503, 'database_unavailable')
  await refused(control, `/v1/streams/${id}?key=${key}`, {}, 503, 'database_unavailable')
  proxy.mend()
  await until('the database is back', async () => (await call(control, path)).status === 200)
  await ask(`${path}/end`, { method: 'POST', token: key })
  await publish(control, key, 6)
  await own.frame('stream.ended')
  await everything.frame('stream.ended')

  const places = {
    log: control.logLines.join(''),
    database: await dump(database),
    answers: answers.join('\n'),
    events: own.text + everything.text,
  }
  for (const secret of [first, key, first.slice(5), key.slice(5)]) {
    for (const [place, text] of Object.entries(places)) {
      assert.ok(text.length > 100, place)
      // A problem quotes the path that was requested: only there may a key come back, to its own sender.
      assert.ok(!text.includes(secret), `${place} has the key`)
    }
  }
  assert.ok(places.log.includes('live_[redacted]'), 'the log would have contained it')
})
