// npm start as its user sees it: when it refuses to start, when its parts are killed, and how it stops.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { mysql2Options } from '../../apps/control/database/drivers.ts'
import { Secret } from '../../apps/control/domain/secret.ts'
import { processesOf } from '../support/leftovers.ts'
import { until } from '../support/until.ts'
import { CHILDREN, type ChildName, type Settings, StackProcess, stackFolder } from './stack-process.ts'

const TOKEN = 'a-token-of-the-operators'

suite('a start that fails', { concurrency: true }, () => {
  test('lists every wrong setting in one message, without a stack trace', async () => {
    await using place = await stackFolder()
    const stack = new StackProcess({ ...place.settings, HTTP_PORT: 'eighty', STREAM_KEY_TTL: '-1' })
    assert.equal(await stack.exit(), 1)
    assert.match(stack.output, /HTTP_PORT: must be a port number/)
    assert.match(stack.output, /STREAM_KEY_TTL: must be more than 0/)
    assert.doesNotMatch(stack.output, /\n {4}at /)
  })

  for (const setting of ['HTTP_PORT', 'INTERNAL_RTMP_PORT', 'HOOKS_PORT']) {
    test(`names a taken port by its setting: ${setting}`, async () => {
      await using place = await stackFolder()
      await using squatter = createServer()
      const port = Number(place.settings[setting])
      squatter.listen(port, '127.0.0.1')
      await once(squatter, 'listening')
      const stack = new StackProcess(place.settings)
      assert.equal(await stack.exit(), 1)
      assert.match(stack.output, new RegExp(`${setting} ${port} is taken`))
      assert.deepEqual(processesOf(place.folder), [])
    })
  }

  test('stops at once on Ctrl-C while the database is being initialised', async () => {
    await using place = await stackFolder()
    const stack = new StackProcess(place.settings)
    await until('the database to be initialised', () =>
      processesOf(place.folder).some(({ name }) => name === 'mariadbd'),
    )
    stack.pressCtrlC()
    assert.equal(await stack.exit(), 0)
    assert.deepEqual(processesOf(place.folder), [])
  })
})

suite('a running stack', () => {
  let place: Awaited<ReturnType<typeof stackFolder>>
  let settings: Settings
  let stack: StackProcess

  before(async () => {
    place = await stackFolder()
    const tokens = join(place.folder, 'tokens')
    writeFileSync(tokens, `${TOKEN}\n`, { mode: 0o600 })
    settings = { ...place.settings, STREAM_CREATION: 'token', API_TOKENS: '', API_TOKENS_FILE: tokens }
    stack = await new StackProcess(settings).ready()
  })
  after(() => place[Symbol.asyncDispose]())

  test('says where its page and its RTMP server are', () => {
    assert.ok(stack.says(`http://localhost:${settings.HTTP_PORT}/`), stack.output)
    assert.ok(stack.says(`rtmp://localhost:${settings.RTMP_PORT}/live`), stack.output)
  })

  test('gives control the secrets that come from files', async () => {
    const url = `http://127.0.0.1:${settings.HTTP_PORT}/v1/streams`
    const headers = { authorization: `Bearer ${TOKEN}` }
    assert.equal((await fetch(url, { method: 'POST' })).status, 401)
    assert.equal((await fetch(url, { method: 'POST', headers })).status, 201)
  })

  test('says how to reach its database, to its own system user only', async () => {
    const file = join(String(settings.DATA_DIR), 'database-url')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const connection = await createConnection(mysql2Options(new Secret(readFileSync(file, 'utf8').trim())))
    const [rows] = await connection.query(
      'SELECT CURRENT_USER() AS user, COUNT(*) > 0 AS migrated FROM streams',
    )
    await connection.end()
    assert.deepEqual(rows, [{ user: 'onair@localhost', migrated: 1 }])
  })

  test('refuses a second start on the same DATA_DIR, naming the process that has it', async () => {
    const second = new StackProcess(settings)
    assert.equal(await second.exit(), 1)
    assert.ok(
      second.says(`already running on DATA_DIR ${settings.DATA_DIR} (pid ${stack.process.pid})`),
      second.output,
    )
    assert.ok(await stack.isReadyForAll(), 'the first one keeps running')
  })

  for (const name of CHILDREN) {
    test(`recovers after ${name} was killed`, async () => {
      const killed = stack.childPid(name)
      process.kill(killed, 'SIGKILL')
      await until(`a new ${name}`, () => stack.says(`${name} was killed (SIGKILL); starting it again`))
      await until(
        'everything to be ready',
        async () => pidOr(stack, name) !== killed && (await stack.isReadyForAll()),
      )
    })
  }

  test('stops everything within 10 s of a Ctrl-C and leaves no process behind', async () => {
    stack.pressCtrlC()
    const pressedAt = performance.now()
    // npm passes on the signal that the terminal has sent already; that must not count as a second Ctrl-C.
    await until('the stop to begin', () => stack.says('OnAir is stopping'))
    stack.process.kill('SIGINT')
    assert.equal(await stack.exit(), 0)
    assert.ok(performance.now() - pressedAt < 10_000)
    assert.deepEqual(processesOf(place.folder), [])
    assert.ok(!stack.says('without waiting') && !stack.says('did not stop'), stack.output)
  })

  test('ends the processes that a killed stack has left, and starts', async () => {
    const first = await new StackProcess(settings).ready()
    // A process that is stopped (SIGSTOP) handles no SIGTERM, so this one is certainly left over.
    process.kill(first.childPid('control'), 'SIGSTOP')
    first.process.kill('SIGKILL')
    await first.exit()
    const second = await new StackProcess(settings).ready()
    assert.match(second.output, /ended processes that an earlier start has left running: .*control \d+/)
    second.process.kill('SIGTERM')
    assert.equal(await second.exit(), 0)
    assert.deepEqual(processesOf(place.folder), [])
  })
})

function pidOr(stack: StackProcess, name: ChildName): number | undefined {
  try {
    return stack.childPid(name)
  } catch {
    return undefined
  }
}
