// What the configuration says about wrong settings.
import assert from 'node:assert/strict'
import { ConfigError, readConfig } from '../../../apps/control/config.ts'

/** One line for each wrong setting; none when all are right. */
export function problems(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
  return []
}
