// npm run attack -- [--connections N] [--requests N] [--seconds N] [--only TEXT]: attacks a whole stack with its
// default limits from one address, while three encoders publish and a fourth comes. Prints what the attacker got;
// the exit code says whether anybody noticed.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { parseArgs } from 'node:util'
import { EmbeddedMariadb } from '../../apps/stack/mariadb/embedded-mariadb.ts'
import { makeCertificate } from '../support/certificate.ts'
import { createTestDatabase } from '../support/database.ts'
import { TestStack } from '../support/stack.ts'
import { ATTACKS, type Attack } from './attacks.ts'
import { besiege, type Outcome, targetOf } from './siege.ts'
import { Victims } from './victims.ts'

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '20000' },
    requests: { type: 'string', default: '50000' },
    seconds: { type: 'string', default: '30' },
    only: { type: 'string', default: '' },
  },
})
const [connections, requests, seconds] = [values.connections, values.requests, values.seconds].map(
  Number,
) as [number, number, number]
if (!(connections > 0) || !(requests > 0) || !(seconds > 0))
  throw new Error('--connections, --requests and --seconds take a number above 0')
const chosen = ATTACKS.filter(({ name }) => name.includes(values.only))
if (chosen.length === 0) throw new Error(`no attack has "${values.only}" in its name`)

const print = (line: string) => void process.stdout.write(`${line}\n`)
process.exitCode = (await run()) ? 0 : 1

async function run(): Promise<boolean> {
  await using owned = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'onair-attack-'))
  // Started by root, the stack runs as another user.
  chmodSync(folder, 0o755)
  owned.defer(() => rmSync(folder, { recursive: true, force: true }))
  const mariadb = owned.use(
    await EmbeddedMariadb.start({ folder, env: process.env, onLine: () => {}, durable: false }),
  )
  const certificate = makeCertificate(folder, 'attacked')
  // fetch, in this process only, trusts what nobody has signed.
  setDefaultCACertificates([...getCACertificates('default'), certificate.cert])
  let held = true
  for (const tls of [false, true]) {
    const attacks = chosen.filter((attack) => attack.tls === tls)
    if (attacks.length === 0) continue
    await using database = await createTestDatabase(mariadb.url())
    const settings: Record<string, string> = tls
      ? { TLS_CERT: certificate.certFile, TLS_KEY: certificate.keyFile }
      : {}
    await using stack = await TestStack.start(settings, database)
    const target = targetOf(stack)
    await using victims = await Victims.start(stack)
    for (const attack of attacks) {
      const isAsking = attack.orders(target).kind === 'ask'
      const count = isAsking ? requests : connections
      held = report(attack, await besiege(attack, target, victims, { count, seconds })) && held
    }
  }
  return held
}

function report({ name }: Attack, { figures, liveAfterMs, viewer, problems }: Outcome): boolean {
  const statuses = Object.entries(figures.statuses).map(([status, count]) => `${status}: ${count}`)
  print(`\n${name}`)
  print(`  the attacker: opened ${figures.opened}, most at once ${figures.mostOpen}`)
  print(`  its answers:  ${statuses.join(', ') || 'none'}`)
  print(`  the fourth encoder was live after ${(liveAfterMs / 1000).toFixed(1)} s`)
  print(`  a viewer asked ${viewer.asked} times, the slowest answer took ${Math.round(viewer.slowestMs)} ms`)
  print(problems.length === 0 ? '  nobody noticed' : problems.map((line) => `  FAILED: ${line}`).join('\n'))
  return problems.length === 0
}
