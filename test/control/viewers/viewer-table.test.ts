import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Database } from '../../../apps/control/database/database.ts'
import { Transactions } from '../../../apps/control/database/transactions.ts'
import { newStreamId } from '../../../apps/control/domain/keys.ts'
import { ViewerTable } from '../../../apps/control/viewers/viewer-table.ts'
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts'
import { DatabaseProxy } from '../support/unix-proxy.ts'

function openTable(stack: AsyncDisposableStack, { url }: TestDatabase): ViewerTable {
  return new ViewerTable(stack.use(new Database(url)), stack.use(new Transactions(url)))
}

test('a process that vanishes while it writes its counts does not stop the others', async () => {
  await using stack = new AsyncDisposableStack()
  const own = stack.use(await createMigratedDatabase())
  const proxy = stack.use(await DatabaseProxy.start(own))
  const other = openTable(stack, own)
  const [id, another] = [newStreamId(), newStreamId()]
  // Each is a process of its own.
  const vanishing = Array.from({ length: 5 }, () => openTable(stack, proxy.database))
  await Promise.all([...vanishing, other].map((table) => table.write(new Map())))
  for (let round = 0; round < 20; round++) {
    // Writes of single steps would lock all of an empty table.
    await own.query('TRUNCATE viewers')
    let writing = true
    const write = async (table: ViewerTable) => {
      for (let count = 1; writing; count++) await table.write(new Map([[id, count]]))
    }
    const busy = Promise.allSettled(vanishing.map(write))
    await delay(Math.random() * 20)
    proxy.freeze()
    writing = false
    const begin = performance.now()
    await other.write(new Map([[another, round]]))
    assert.ok(performance.now() - begin < 1_000)
    proxy.thaw()
    await busy
  }
})

test('many counts are written whole, and replaced', async () => {
  await using stack = new AsyncDisposableStack()
  const own = stack.use(await createMigratedDatabase())
  const [writer, reader] = [openTable(stack, own), openTable(stack, own)]
  const counts = new Map(Array.from({ length: 1_200 }, (_, n) => [newStreamId(), n + 1]))
  await writer.write(counts)
  assert.deepEqual(new Map([...(await reader.elsewhere())].sort()), new Map([...counts].sort()))
  await writer.write(new Map())
  assert.deepEqual(await reader.elsewhere(), new Map())
})
