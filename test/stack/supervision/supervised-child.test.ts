// A supervised child is restarted when it dies, and stopped with everything it has started.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { processesOfSession, readProcess } from '../../../apps/stack/supervision/process-group.ts'
import { type ChildOptions, SupervisedChild } from '../../../apps/stack/supervision/supervised-child.ts'
import { until } from '../../support/until.ts'

interface Watched extends AsyncDisposable {
  readonly child: SupervisedChild
  readonly lines: string[]
  readonly said: string[]
}

function supervise(script: string, more: Partial<ChildOptions> = {}): Watched {
  const lines: string[] = []
  const said: string[] = []
  const child = new SupervisedChild({
    name: 'child',
    command: 'sh',
    args: ['-c', script],
    env: process.env,
    onLine: (line) => lines.push(line),
    say: (line) => said.push(line),
    ...more,
  }).start()
  return { child, lines, said, [Symbol.asyncDispose]: () => child.stop(0) }
}

suite('a supervised child', { concurrency: true }, () => {
  test('is restarted when it dies, after a wait that doubles each time', async () => {
    await using watched = supervise('exit 3')
    const { child, said } = watched
    await until('four deaths', () => said.length >= 4)
    await child.stop(1000)
    assert.deepEqual(
      said.slice(0, 4),
      [100, 200, 400, 800].map((wait) => `child exited (3); starting it again in ${wait} ms`),
    )
  })

  test('is not restarted once it is stopped, not even during the wait', async () => {
    await using watched = supervise('echo up; exit 1')
    const { child, lines, said } = watched
    await until('a long wait', () => said.at(-1)?.endsWith('in 1600 ms'))
    const stoppedAt = performance.now()
    await child.stop(1000)
    assert.ok(performance.now() - stoppedAt < 1500, 'stopping ends the wait')
    assert.equal(lines.length, said.length)
  })

  test('that does not exist is reported', async () => {
    await using watched = supervise('', { command: 'no-such-program', args: [] })
    const { child, said } = watched
    await until('the report', () => said.length > 0)
    await child.stop(1000)
    assert.match(String(said[0]), /child (exited \(127\)|could not be started)/)
  })

  test('has its output passed on line by line', async () => {
    await using watched = supervise('printf "one\\ntw"; echo o; echo three >&2; sleep 60')
    const { child, lines } = watched
    await until('three lines', () => lines.length === 3)
    await child.stop(1000)
    assert.deepEqual(lines.toSorted(), ['one', 'three', 'two'])
  })

  test('is stopped together with what it has started', async () => {
    await using watched = supervise('sleep 60 & echo up; wait')
    const { child, lines, said } = watched
    await until('it to be up', () => lines.includes('up'))
    const session = Number(child.pid)
    assert.equal(processesOfSession(session).length, 2)
    await child.stop(1000)
    assert.deepEqual(processesOfSession(session), [])
    assert.deepEqual(said, [], 'by SIGTERM, not SIGKILL')
  })

  test('is killed when it does not stop in time', async () => {
    await using watched = supervise('trap "" TERM; echo up; while :; do sleep 0.1; done')
    const { child, lines, said } = watched
    await until('it to be up', () => lines.includes('up'))
    const pid = Number(child.pid)
    await child.stop(200)
    assert.deepEqual(said, ['child did not stop in 0.2 s: killed'])
    assert.equal(readProcess(pid), undefined)
  })

  test('is killed at once when the stop is forced', async () => {
    const force = new AbortController()
    await using watched = supervise('trap "" TERM; echo up; while :; do sleep 0.1; done', {
      force: force.signal,
    })
    const { child, lines } = watched
    await until('it to be up', () => lines.includes('up'))
    const stopping = child.stop(60_000)
    force.abort()
    await stopping
  })

  test('is restarted only after what the killed one has left is gone', async () => {
    // Like nginx's master, whose worker outlives it and would hold the ports.
    await using watched = supervise('sleep 60 & echo $!; wait')
    const { child, lines, said } = watched
    const worker = Number(await until('the worker', () => lines[0]))
    process.kill(Number(child.pid), 'SIGKILL')
    await until('the restart', () => lines.length === 2)
    assert.equal(readProcess(worker), undefined)
    assert.deepEqual(said, ['child was killed (SIGKILL); starting it again in 100 ms'])
    await child.stop(1000)
  })

  test('has a pid file while it runs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pids-'))
    await using watched = supervise('echo up; sleep 60', { pidFolder: folder })
    const { child, lines } = watched
    await until('it to be up', () => lines.includes('up'))
    assert.ok(existsSync(join(folder, 'child.child.json')))
    await child.stop(1000)
    assert.deepEqual(readdirSync(folder), [])
    rmSync(folder, { recursive: true })
  })
})
