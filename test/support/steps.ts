// For test files in which each test continues where the one before it ended.
import { type TestContext, test } from 'node:test'

let broken = false

/** A test that is skipped once an earlier step of the file has failed. */
export function step(title: string, run: (t: TestContext) => void | Promise<void>): void {
  test(title, async (t) => {
    if (broken) return t.skip('an earlier step failed')
    broken = true
    await run(t)
    broken = false
  })
}
