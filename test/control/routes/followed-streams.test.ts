import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Subject } from 'rxjs'
import type { FramedEvent } from '../../../apps/control/events/frame.ts'
import { FollowedStreams } from '../../../apps/control/routes/followed-streams.ts'

/** Streams that are looked up while `during` happens. */
function setUp(during: (events$: Subject<FramedEvent>) => void) {
  const events$ = new Subject<FramedEvent>()
  const feed = { head: 7, events$ }
  let queries = 0
  const newestEvents = async (ids: readonly string[]) => {
    queries += 1
    during(events$)
    return new Map(ids.map((id) => [id, { id: 5, isDeletion: false }]))
  }
  return { streams: new FollowedStreams({ newestEvents }, feed), queries: () => queries }
}

const eventOf = (streamId: string) => ({ id: 8, streamId }) as FramedEvent

test('events of other streams during a query do not keep its answer from being used again', async () => {
  const { streams, queries } = setUp((events$) => events$.next(eventOf('other')))
  assert.deepEqual(await streams.find('mine'), { newest: { id: 5, isDeletion: false }, upTo: 7 })
  await streams.find('mine')
  assert.equal(queries(), 1)
})

test('an answer is not used again when an event of its stream came during the query', async () => {
  const { streams, queries } = setUp((events$) => events$.next(eventOf('mine')))
  await streams.find('mine')
  await streams.find('mine')
  assert.equal(queries(), 2)
})
