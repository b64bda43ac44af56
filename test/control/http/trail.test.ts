// One log line for each change and each refusal, with who and from where.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { until } from '../../support/until.ts'
import { call, createStream } from '../support/api.ts'

const TOKENS = ['first-operator-token-24-chars', 'second-operator-token-24-chars']
const CREATOR = 'a-creators-token-of-24-characters'
const ADDRESS = { 'x-real-ip': '2001:db8:1:2:3:4:5:6' }
let control: TestControl
before(async () => {
  control = await startControl({ env: { API_TOKENS: TOKENS.join(','), CREATE_TOKENS: CREATOR } })
})
after(() => control[Symbol.asyncDispose]())

type Line = Record<string, unknown>
const trail = (msg: string): Line[] =>
  control.logLines.map((line) => JSON.parse(line) as Line).filter((line) => line.msg === msg)

/** The trail's line after this request. */
async function lineOf(msg: string, request: () => Promise<unknown>): Promise<Line> {
  const before = trail(msg).length
  await request()
  return until(`a line: ${msg}`, () => trail(msg)[before])
}

test('each change is logged with its stream, who asked and from where', async () => {
  const { id, streamKey } = await createStream(control)
  const end = (token: string) => () =>
    call(control, `/v1/streams/${id}/end`, { method: 'POST', token, headers: ADDRESS })
  const { method, route, stream, by, address, status } = await lineOf(
    'change requested',
    end(TOKENS[1] ?? ''),
  )
  assert.deepEqual(
    { method, route, stream, by, address, status },
    {
      ...{ method: 'POST', route: '/v1/streams/:id/end', stream: id, by: 'API_TOKENS 2', status: 200 },
      address: ADDRESS['x-real-ip'],
    },
  )
  assert.equal((await lineOf('change requested', end(streamKey.value))).by, 'owner')
  const create = (token?: string) => () =>
    call(control, '/v1/streams', { method: 'POST', json: {}, ...(token === undefined ? {} : { token }) })
  assert.equal((await lineOf('change requested', create())).by, 'anybody')
  assert.equal((await lineOf('change requested', create(CREATOR))).by, 'CREATE_TOKENS 1')
})

test('each refusal is logged and counted by its reason', async () => {
  const { id } = await createStream(control)
  const wrong = 'a-wrong-token-that-is-long-enough'
  const line = await lineOf('request refused', () =>
    call(control, `/v1/streams/${id}/end`, { method: 'POST', token: wrong, headers: ADDRESS }),
  )
  assert.deepEqual([line.code, line.status, line.by, line.stream], ['unauthorized', 401, 'anybody', id])
  const bad = () => call(control, '/v1/streams', { method: 'POST', json: { title: 7 } })
  assert.equal((await lineOf('request refused', bad)).code, 'validation_failed')
  const reading = () => call(control, '/v1/attempts', { token: wrong })
  assert.equal((await lineOf('request refused', reading)).route, '/v1/attempts')
  const metrics = await (await fetch(`${control.hooksUrl}/metrics`)).text()
  assert.match(metrics, /onair_api_refusals_total\{route="\/v1\/streams\/:id\/end",code="unauthorized"\} 1/)
  assert.match(metrics, /onair_api_changes_total\{method="POST",route="\/v1\/streams"\} [1-9]/)
})

test('reading leaves no line, and no line has a key or a token', async () => {
  const { id, streamKey } = await createStream(control)
  await call(control, `/v1/streams/${id}`, { token: streamKey.value })
  await call(control, '/v1/streams/none')
  await call(control, `/v1/streams/${id}/end`, { method: 'POST', token: streamKey.value })
  await until('the end', () => trail('change requested').some((line) => line.stream === id))
  const all = [...trail('change requested'), ...trail('request refused')]
  assert.equal(all.filter((line) => line.stream === id).length, 1)
  const text = control.logLines.join('\n')
  for (const secret of [...TOKENS, CREATOR, streamKey.value, 'a-wrong-token'])
    assert.ok(!text.includes(secret))
})
