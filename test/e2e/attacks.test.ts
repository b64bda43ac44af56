// A short form of `npm run attack`: the attacks that take connections, one after the other, with limits that are as
// low as the attacks are small. Nobody else may notice.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ATTACKS } from '../attack/attacks.ts'
import { besiege, targetOf } from '../attack/siege.ts'
import { Victims } from '../attack/victims.ts'
import { TestStack } from '../support/stack.ts'

const ATTACK = { count: 1_500, seconds: 5 }
const LIMITS = {
  ...{ MAX_READERS_PER_ADDRESS: '300', MAX_CONNECTIONS_PER_ADDRESS: '100' },
  ...{ MAX_RTMP_CONNECTIONS_PER_ADDRESS: '40', API_RATE_LIMIT: '100' },
}

let stack: TestStack
let victims: Victims
before(async () => {
  stack = await TestStack.start(LIMITS)
  victims = await Victims.start(stack)
})
after(async () => {
  await victims?.[Symbol.asyncDispose]()
  await stack?.[Symbol.asyncDispose]()
})

/** What the attacker has to be answered with at least once. */
const REFUSALS: Readonly<Record<string, string>> = {
  'readers of /v1/events': '503',
  // 200 of them at a time.
  'requests to everything': '503',
  'bodies sent slowly': '503',
  'RTMP connections that say nothing': 'none',
}

for (const attack of ATTACKS.filter(({ name }) => name in REFUSALS)) {
  test(`${attack.name}: nobody on the air notices, and another encoder gets in`, async () => {
    const { figures, problems } = await besiege(attack, targetOf(stack), victims, ATTACK)
    assert.deepEqual(problems, [])
    const refusal = REFUSALS[attack.name] ?? ''
    assert.ok((figures.statuses[refusal] ?? 0) > 0, JSON.stringify(figures))
  })
}
