// What readers get when the log loses its newest events, as after a failover to a replica that lagged. The loss is
// made with SQL, on a real database.
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { Transactions } from '../../../apps/control/database/transactions.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'
import { call, createStream, goLive, liveStream, put } from '../support/api.ts'
import { append, draft } from '../support/events.ts'

let stack = new AsyncDisposableStack()
let control: TestControl
/** Another node on the same database. */
let others: Transactions
beforeEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
  control = stack.use(await startControl())
  others = stack.use(new Transactions(control.database.url))
  for (let n = 0; n < 3; n++) await liveStream(control)
})
after(() => stack.disposeAsync())

const follow = (query = '', headers = {}) => SseReader.open(`${control.apiUrl}/v1/events${query}`, headers)
const head = async () => (await control.context.log.bounds()).head
const idsOf = (reader: SseReader) => reader.frames.map(({ id }) => Number(id))
const titled = (reader: SseReader, title: string) =>
  reader.frame('stream.live', ({ data }) => (data.stream as { title?: string })?.title === title)
const event = (title: string) => draft({ body: { stream: { title } } })

/** @returns the log's head now */
async function lose(count: number): Promise<number> {
  const left = (await head()) - count
  await control.database.query('START TRANSACTION')
  await control.database.query('DELETE FROM events WHERE id > ?', [left])
  await control.database.query('UPDATE event_sequence SET head = ?', [left])
  await control.database.query('COMMIT')
  return left
}

/** What the timer does every 100 ms or 4 s. */
const look = () => control.context.feed.poke()

describe('connected readers get one reset with the new head, and then what comes', () => {
  test('when the head is behind', async () => {
    await using everything = await follow()
    await using one = await follow(`?stream=${(await liveStream(control)).id}`)
    await using some = await follow('?types=stream.ended')
    await everything.frame('stream.live')
    const left = await lose(2)
    look()
    for (const reader of [everything, one, some]) {
      const frame = await reader.frame('reset')
      assert.deepEqual([frame.id, frame.data], [String(left), { id: String(left), type: 'reset' }])
    }
    await append(others, event('new'))
    look()
    await titled(everything, 'new')
    assert.deepEqual(idsOf(everything).slice(-2), [left, left + 1])
    for (const reader of [everything, one, some])
      assert.equal(reader.types.filter((type) => type === 'reset').length, 1)
  })

  test('when others have overtaken the old head in the meantime', async () => {
    await using reader = await follow()
    const left = await lose(2)
    await append(others, event('1'), event('2'), event('3'), event('4'))
    look()
    assert.equal((await reader.frame('reset')).id, String(left + 4))
    await append(others, event('5'))
    look()
    await titled(reader, '5')
    assert.deepEqual(idsOf(reader), [left + 4, left + 5])
  })

  test('when this process is the first to write again', async () => {
    await using reader = await follow()
    const left = await lose(4)
    // No look: the ids that its own commit is given tell.
    await createStream(control)
    const isReset = () => true
    assert.equal((await reader.frame('reset', isReset, 2_000)).id, String(left + 1))
    await liveStream(control, 'new')
    await titled(reader, 'new')
  })

  test('when others have written just as much before this process writes again', async () => {
    await using reader = await follow()
    const old = await head()
    await lose(2)
    await append(others, event('1'), event('2'))
    // Its id follows the old head: by itself it does not tell.
    await createStream(control)
    assert.equal(control.context.feed.head, old + 1)
    look()
    assert.equal((await reader.frame('reset')).id, String(old + 1))
  })
})

test('the head is compared also when no event is left to compare with', async () => {
  await using reader = await follow()
  const old = await head()
  await control.context.log.prune(new Date(Date.now() + 60_000))
  look()
  await until('the feed to see it', () => control.context.feed.pruned === old)
  await control.database.query('UPDATE event_sequence SET head = head - 2, pruned = pruned - 2')
  look()
  assert.equal((await reader.frame('reset')).id, String(old - 2))
})

describe('a cursor of a lost event gets a reset', () => {
  test('while the log has not come that far again, and after that', async () => {
    const old = await head()
    const left = await lose(3)
    look()
    await until('the feed to notice', () => control.context.feed.head === left)
    await using early = await follow(`?lastEventId=${old}`)
    assert.equal((await early.frame('reset')).id, String(left))
    await append(others, event('1'), event('2'), event('3'), event('4'))
    look()
    await until('the feed to go on', () => control.context.feed.head === left + 4)
    await using late = await follow('', { 'last-event-id': String(old) })
    assert.equal((await late.frame('reset')).id, String(left + 4))
    await using current = await follow(`?lastEventId=${old + 1}`)
    await append(others, event('5'))
    look()
    await titled(current, '5')
    assert.deepEqual([current.types, idsOf(current)], [['stream.live'], [left + 5]])
  })
})

describe('there is no reset', () => {
  test('for a reader that comes back with the cursor of its reset, or with an older one', async () => {
    const oldest = (await head()) - 4
    await using first = await follow()
    const left = await lose(3)
    look()
    assert.equal((await first.frame('reset')).id, String(left))
    await using again = await follow(`?lastEventId=${left}`)
    await using older = await follow(`?lastEventId=${oldest}`)
    await append(others, event('new'))
    look()
    for (const reader of [again, older]) await titled(reader, 'new')
    assert.deepEqual(idsOf(again), [left + 1])
    assert.ok(![...again.types, ...older.types].includes('reset'))
  })

  test('when events are pruned, even all of them', async () => {
    await using reader = await follow()
    const { head: old } = await control.context.log.bounds()
    await control.context.log.prune(new Date(Date.now() + 60_000))
    look()
    await until('the feed to see it', () => control.context.feed.pruned === old)
    look()
    await liveStream(control, 'new')
    await titled(reader, 'new')
    assert.ok(!reader.types.includes('reset'))
  })

  test('when two processes write and look all the time', async () => {
    await using reader = await follow()
    const from = await head()
    await Promise.all([
      ...Array.from({ length: 30 }, () => append(others, event('theirs'))),
      ...Array.from({ length: 10 }, () => liveStream(control, 'mine').then(look)),
    ])
    look()
    const to = await head()
    await until('all of it', () => idsOf(reader).at(-1) === to)
    assert.ok(!reader.types.includes('reset'))
    const rows = await control.database.query('SELECT id FROM events WHERE was_live AND id > ? ORDER BY id', [
      from,
    ])
    assert.deepEqual(
      idsOf(reader),
      rows.map(({ id }) => Number(id)),
    )
  })
})

test('a change that got lost is not the basis of a decision, though another node has given its version to another state', async () => {
  const other = stack.use(await startControl({ database: control.database, env: { NODE_ID: 'other' } }))
  const stream = await createStream(control)
  const status = async () => (await control.context.store.find(stream.id))?.status
  const [old] = await control.database.query('SELECT version FROM streams WHERE id = ?', [stream.id])
  await goLive(control, stream)
  await lose(2)
  await control.database.query(
    `UPDATE streams SET status = 'waiting', version = ?, session_client_id = NULL, live_at = NULL WHERE id = ?`,
    [Number(old?.version), stream.id],
  )
  look()
  await until('the loss to be noticed', () => control.context.feed.lostUpTo > 0)
  await call(other, `/v1/streams/${stream.id}/stream-key`, { method: 'POST', token: stream.streamKey.value })
  await put(other, stream.id, { kind: 'end-requested', by: 'operator' })
  assert.equal(await status(), 'ended')
  await put(control, stream.id, { kind: 'end-requested', by: 'owner' })
  const row = await control.context.store.find(stream.id)
  assert.deepEqual([row?.status, row?.endReason], ['ended', 'ended_by_operator'])
})
