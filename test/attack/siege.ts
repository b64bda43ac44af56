// One attack on a running OnAir: it begins, a fourth encoder comes, and at the end it is judged whether anybody
// noticed.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import type { Figures } from './attacker.ts'
import { type Attack, RunningAttack, type Target } from './attacks.ts'
import type { Answers, Victims } from './victims.ts'

const BIG_FILE = 20 * 1024 * 1024
/** The attack runs for this long before the fourth encoder comes. */
const ALONE_MS = 1_000

export interface Outcome {
  readonly figures: Figures
  readonly liveAfterMs: number
  readonly viewer: Answers
  /** Why it failed; empty when nobody noticed. */
  readonly problems: readonly string[]
}

export function targetOf(stack: TestStack): Target {
  mkdirSync(join(stack.recordingsDir, 'big'), { recursive: true })
  writeFileSync(join(stack.recordingsDir, 'big', 'big.mp4'), Buffer.alloc(BIG_FILE, 1))
  return { ...stack.ports, bigPath: '/recordings/big/big.mp4' }
}

/** @param seconds how long the attack lasts; `requests` ends it sooner when all are answered */
export async function besiege(
  attack: Attack,
  target: Target,
  victims: Victims,
  { count, seconds }: { readonly count: number; readonly seconds: number },
): Promise<Outcome> {
  const endAt = performance.now() + seconds * 1_000
  await using running = new RunningAttack(attack, target, Math.round(count * attack.share))
  const stop = new AbortController()
  const watching = victims.watch(stop.signal)
  await delay(ALONE_MS)
  const problems: string[] = []
  const liveAfterMs = await victims.publish().catch((error: Error) => {
    problems.push(`the fourth encoder: ${error.message}`)
    return Number.NaN
  })
  await until('the attack to end', () => running.figures.done || performance.now() > endAt, seconds * 2_000)
  stop.abort()
  const viewer = await watching
  problems.push(...(await victims.disturbed()))
  const { figures } = running
  await victims.endLast()
  if (viewer.failed > 0) problems.push(`a viewer: ${viewer.failed} of ${viewer.asked} requests failed`)
  return { figures, liveAfterMs, viewer, problems }
}
