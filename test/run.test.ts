// The test runner itself: it must never report success when it ran no test.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { withParentDeathSignal } from '../apps/stack/supervision/parent-death-signal.ts'

const RUN = resolve(import.meta.dirname, 'run.ts')

async function runTests(...args: string[]): Promise<{ code: number; output: string }> {
  // Node's runner sets this for its children, and a runner that sees it runs no tests.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const [program, ...programArgs] = withParentDeathSignal(process.execPath, RUN, ...args)
  const child = spawn(program, programArgs, { env })
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { code, output: output + errors }
}

test('the runner fails when a path selects no test', async () => {
  const { code, output } = await runTests('test/no-such')
  assert.equal(code, 1)
  assert.match(output, /no test file's path begins with test\/no-such/)
})

test('the runner takes files and a name pattern, and ends with the counts', async () => {
  const { code, output } = await runTests(
    'test/stack/setup/setup.test.ts',
    '--test-name-pattern',
    'other platforms',
  )
  assert.equal(code, 0, output)
  assert.match(output, /tests 1\n(.*\n)*.*pass 1\n/)
})
