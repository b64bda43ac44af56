import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SharedReading } from '../../../apps/control/ingest/shared-reading.ts'

let begun: PromiseWithResolvers<string>[]
let reading: SharedReading<string>
beforeEach(() => {
  begun = []
  reading = new SharedReading(() => {
    const result = Promise.withResolvers<string>()
    begun.push(result)
    return result.promise
  })
})

/** Lets the nth reading end. */
async function end(n: number): Promise<void> {
  begun[n]?.resolve(`reading ${n}`)
  await nextTurn()
}

test('a first caller’s reading begins at once', async () => {
  const first = reading.read()
  assert.equal(begun.length, 1)
  await end(0)
  assert.equal(await first, 'reading 0')
})

test('nobody gets a reading that began before the call, and all who wait share the next', async () => {
  const first = reading.read()
  const waiting = [reading.read(), reading.read()]
  await end(0)
  assert.equal(await first, 'reading 0')
  assert.equal(begun.length, 2, 'the next begins as soon as the first has ended')
  const late = reading.read()
  await end(1)
  assert.deepEqual(await Promise.all(waiting), ['reading 1', 'reading 1'])
  await end(2)
  assert.equal(await late, 'reading 2')
  assert.equal(begun.length, 3)
})

test('a reading that fails fails those who wait for it, and the next one is tried', async () => {
  const first = assert.rejects(reading.read(), /away/)
  const second = reading.read()
  begun[0]?.reject(new Error('away'))
  await first
  await nextTurn()
  await end(1)
  assert.equal(await second, 'reading 1')
  const third = reading.read()
  await end(2)
  assert.equal(await third, 'reading 2')
})
