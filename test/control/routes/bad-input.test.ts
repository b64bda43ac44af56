import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { createStream, fieldsOf, type Request, readStream, refused } from '../support/api.ts'

let control: TestControl
before(async () => {
  control = await startControl()
})
after(() => control[Symbol.asyncDispose]())

const JSON_TYPE = { 'content-type': 'application/json' }
const long = 'x'.repeat(17 * 1024)

async function stored(): Promise<unknown> {
  return control.database.query(
    'SELECT (SELECT COUNT(*) FROM streams) AS streams, (SELECT COUNT(*) FROM events) AS events, head FROM event_sequence',
  )
}

describe('an invalid body', () => {
  const rows: [what: string, request: Request, status: number, code: string, fields: string[]][] = [
    ['is not JSON', { body: '{"title":', headers: JSON_TYPE }, 400, 'malformed_request', []],
    ['is only white space', { body: ' ', headers: JSON_TYPE }, 400, 'malformed_request', []],
    [
      'is not UTF-8',
      { body: new Uint8Array([0x22, 0xff, 0x22, 0x7b]), headers: JSON_TYPE },
      400,
      'malformed_request',
      [],
    ],
    [
      'tries to change prototypes',
      { body: '{"__proto__":{"title":"x"}}', headers: JSON_TYPE },
      400,
      'malformed_request',
      [],
    ],
    ['is an array', { json: [] }, 400, 'validation_failed', ['body ']],
    ['is a string', { json: 'title' }, 400, 'validation_failed', ['body ']],
    ['is a number', { json: 1 }, 400, 'validation_failed', ['body ']],
    ['has a title of another type', { json: { title: 1 } }, 400, 'validation_failed', ['body title']],
    ['has a title of null', { json: { title: null } }, 400, 'validation_failed', ['body title']],
    [
      'has a title that is too long',
      { json: { title: 'x'.repeat(121) } },
      400,
      'validation_failed',
      ['body title'],
    ],
    [
      'has half a character in its title',
      { body: '{"title":"\\ud83c"}', headers: JSON_TYPE },
      400,
      'validation_failed',
      ['body title'],
    ],
    [
      'has a `record` of another type',
      { json: { record: 'yes' } },
      400,
      'validation_failed',
      ['body record'],
    ],
    ['has an unknown field', { json: { titel: 'x' } }, 400, 'validation_failed', ['body titel']],
    [
      'sets read-only fields',
      { json: { id: 'x', status: 'live' } },
      400,
      'validation_failed',
      ['body id', 'body status'],
    ],
    [
      'has several invalid fields',
      { json: { title: [], record: 1, a: 1, b: 2 } },
      400,
      'validation_failed',
      ['body a', 'body b', 'body record', 'body title'],
    ],
    ['is too large', { json: { title: long } }, 413, 'body_too_large', []],
    ['is too large and not JSON', { body: long, headers: JSON_TYPE }, 413, 'body_too_large', []],
    [
      'is a form',
      { body: 'title=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'unsupported_media_type',
      [],
    ],
    [
      'is text',
      { body: '{"title":"x"}', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
      [],
    ],
    [
      'has a malformed content type',
      { body: '{"title":"x"}', headers: { 'content-type': 'json' } },
      415,
      'unsupported_media_type',
      [],
    ],
  ]
  for (const [what, request, status, code, fields] of rows) {
    test(`that ${what} is refused and stores nothing`, async () => {
      const before = await stored()
      const answer = await refused(control, '/v1/streams', { method: 'POST', ...request }, status, code)
      assert.deepEqual(fieldsOf(answer), fields)
      assert.deepEqual(await stored(), before)
    })
  }
})

describe('an invalid query', () => {
  const rows: [path: string, fields: string[]][] = [
    ['/v1/streams?limit=0', ['query limit']],
    ['/v1/streams?limit=', ['query limit']],
    ['/v1/streams?limit=101', ['query limit']],
    ['/v1/streams?limit=1.5', ['query limit']],
    ['/v1/streams?limit=-1', ['query limit']],
    ['/v1/streams?limit=ten', ['query limit']],
    ['/v1/streams?limit=1&limit=2', ['query limit']],
    ['/v1/streams?status=', ['query status.0']],
    ['/v1/streams?status=Live', ['query status.0']],
    ['/v1/streams?status=live,gone', ['query status.1']],
    ['/v1/streams?status=live&status=ended', ['query status']],
    ['/v1/streams?cursor=a&cursor=b', ['query cursor']],
    ['/v1/streams?state=live', ['query state']],
    ['/v1/streams?limit=x&status=y&z=1', ['query limit', 'query status.0', 'query z']],
    ['/v1/events?lastEventId=', ['query lastEventId']],
    ['/v1/events?lastEventId=-1', ['query lastEventId']],
    ['/v1/events?lastEventId=1.5', ['query lastEventId']],
    ['/v1/events?lastEventId=1e3', ['query lastEventId']],
    ['/v1/events?lastEventId=99999999999999999999', ['query lastEventId']],
    ['/v1/events?lastEventId=1&lastEventId=2', ['query lastEventId']],
    ['/v1/events?types=', ['query types.0']],
    ['/v1/events?types=stream.live,stream.dead', ['query types.1']],
    ['/v1/events?types=stream.live&types=stream.ended', ['query types']],
    ['/v1/events?stream=a&stream=b', ['query stream']],
    ['/v1/events?strem=a', ['query strem']],
  ]
  for (const [path, fields] of rows) {
    test(`${path} is refused with the invalid fields`, async () => {
      const answer = await refused(control, path, {}, 400, 'validation_failed')
      assert.deepEqual(fieldsOf(answer), fields)
    })
  }
})

test('an invalid Last-Event-ID is refused', async () => {
  for (const id of ['x', '-1', '1.5', '1, 2', '9'.repeat(16)]) {
    const answer = await refused(
      control,
      '/v1/events',
      { headers: { 'last-event-id': id } },
      400,
      'validation_failed',
    )
    assert.deepEqual(fieldsOf(answer), ['headers last-event-id'])
  }
})

test('a path that is too long or badly encoded is refused', async () => {
  await refused(control, `/v1/streams/${'x'.repeat(101)}`, {}, 400, 'validation_failed')
  await refused(control, `/v1/streams/${'x'.repeat(1_000)}`, {}, 414, 'path_too_long')
  await refused(control, '/v1/streams/%zz', {}, 400, 'malformed_request')
})

test('an invalid body neither ends a stream nor replaces its key', async () => {
  const { id, streamKey } = await createStream(control)
  for (const action of ['end', 'stream-key']) {
    const request = { method: 'POST', token: streamKey.value, headers: JSON_TYPE }
    const path = `/v1/streams/${id}/${action}`
    await refused(control, path, { ...request, body: '{' }, 400, 'malformed_request')
    await refused(control, path, { ...request, body: long }, 413, 'body_too_large')
  }
  assert.equal((await readStream(control, id)).status, 'waiting')
})

test('invalid requests are not logged as warnings or errors', () => {
  assert.deepEqual(
    control.logLines.filter((line) => /"level":"(warn|error|fatal)"/.test(line)),
    [],
  )
})
