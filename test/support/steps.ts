// Tests of one file that go on from where the one before has ended.
import { type TestContext, test } from 'node:test'

let broken = false

/** A test that is skipped once one before it has failed: what it would begin with is not there. */
export function step(title: string, run: (t: TestContext) => void | Promise<void>): void {
  test(title, async (t) => {
    if (broken) return t.skip('an earlier step failed')
    broken = true
    await run(t)
    broken = false
  })
}
