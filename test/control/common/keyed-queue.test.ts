import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { KeyedQueue } from '../../../apps/control/common/keyed-queue.ts'

/** Work that runs until the test ends it. */
function task(log: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const work = async () => {
    log.push(`${name} begins`)
    const result = await promise
    log.push(`${name} ends`)
    return result
  }
  return { work, finish: () => resolve(name), fail: () => reject(new Error(name)) }
}

test('runs work for one key one at a time, in the order it was added', async () => {
  const queue = new KeyedQueue()
  const log: string[] = []
  const [a, b] = [task(log, 'a'), task(log, 'b')]
  const results = [queue.run('k', a.work), queue.run('k', b.work)]
  b.finish()
  await nextTurn()
  assert.deepEqual(log, ['a begins'])
  a.finish()
  assert.deepEqual(await Promise.all(results), ['a', 'b'])
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends'])
})

test('runs work for different keys at the same time', async () => {
  const queue = new KeyedQueue()
  const log: string[] = []
  const [a, b] = [task(log, 'a'), task(log, 'b')]
  const results = [queue.run('k', a.work), queue.run('l', b.work)]
  await nextTurn()
  assert.deepEqual(log, ['a begins', 'b begins'])
  a.finish()
  b.finish()
  await Promise.all(results)
})

test('a failure reaches only its caller, and later work still runs', async () => {
  const queue = new KeyedQueue()
  const log: string[] = []
  const [a, b] = [task(log, 'a'), task(log, 'b')]
  const first = queue.run('k', a.work)
  const second = queue.run('k', b.work)
  a.fail()
  b.finish()
  await assert.rejects(first, /^Error: a$/)
  assert.equal(await second, 'b')
})

test('is idle once all work is done, also work that was added while waiting', async () => {
  const queue = new KeyedQueue()
  const log: string[] = []
  const [a, b] = [task(log, 'a'), task(log, 'b')]
  const first = queue.run('k', a.work).then(() => queue.run('l', b.work))
  let idle = false
  const waiting = queue.idle().then(() => {
    idle = true
  })
  a.finish()
  await nextTurn()
  assert.deepEqual([log.at(-1), idle], ['b begins', false])
  b.finish()
  await Promise.all([waiting, first])
  assert.deepEqual(log.at(-1), 'b ends')
  await queue.idle()
})
