// What goes wrong on a live evening, each as something that can be done to the running service.
import type { Program, TestStack } from '../support/stack.ts'
import {
  databaseUnreachable,
  diskFull,
  type Nodes,
  nginxStopped,
  nodeCutOff,
  nodeGone,
} from './node-faults.ts'
import type { Random } from './random.ts'
import { freeze, send } from './signals.ts'

export interface World extends Nodes {
  readonly stacks: readonly TestStack[]
  readonly databasePid: () => number | undefined
}

export interface Fault {
  readonly name: string
  /** How often it comes, against the others. */
  readonly weight: number
  /** Resolves when the cause is over; what it has caused may last. */
  readonly inject: (world: World) => Promise<void>
}

/** How long nginx's death may keep its publishers away: they try every second, and wait for its restart. */
const NGINX_EXCUSE_MS = 15_000

const KILLED_WITH_EVERYTHING = ['control', 'nginx-master', 'public-nginx-master'] as const

export const FAULTS: readonly Fault[] = [
  { name: 'kill -9 control', weight: 4, inject: (world) => signal(world, 'control', 'SIGKILL') },
  { name: 'deploy of control (SIGTERM)', weight: 3, inject: (world) => signal(world, 'control', 'SIGTERM') },
  { name: 'control frozen for 4 s', weight: 1, inject: (world) => freezeControl(world, 4_000) },
  { name: 'control frozen for 20 s', weight: 1, inject: (world) => freezeControl(world, 20_000) },
  { name: 'kill -9 nginx worker', weight: 2, inject: (world) => killNginx(world, 'nginx-worker') },
  { name: 'kill -9 nginx', weight: 2, inject: (world) => killNginx(world, 'nginx-master') },
  // Publishers must not notice.
  {
    name: 'kill -9 public nginx',
    weight: 2,
    inject: (world) => signal(world, 'public-nginx-master', 'SIGKILL'),
  },
  { name: 'kill -9 database', weight: 2, inject: killDatabase },
  { name: 'database frozen for 6 s', weight: 2, inject: freezeDatabase },
  { name: 'kill -9 everything', weight: 1, inject: killEverything },
  { name: 'database unreachable for 5 to 40 s', weight: 2, inject: databaseUnreachable },
  { name: 'node cut off from the database', weight: 2, inject: nodeCutOff },
  { name: 'nginx stopped for 3 to 25 s', weight: 2, inject: nginxStopped },
  { name: 'HLS disk full for 5 to 25 s', weight: 1, inject: diskFull },
  { name: 'node gone for 16 to 40 s', weight: 1, inject: nodeGone },
  {
    name: 'encoder killed',
    weight: 3,
    inject: async ({ random, streamers }) => random.pick(streamers).kill(),
  },
  {
    name: 'encoder frozen',
    weight: 2,
    inject: async ({ random, streamers }) => random.pick(streamers).freeze(),
  },
  { name: 'encoder paused briefly', weight: 3, inject: (world) => pause(world, 2_000, 8_000) },
  {
    name: 'encoder away for longer than the window',
    weight: 2,
    inject: (world) => pause(world, 26_000, 30_000),
  },
  { name: 'ended by its owner', weight: 3, inject: ({ random, streamers }) => random.pick(streamers).end() },
]

export function pickFault(random: Random): Fault {
  return random.pick(FAULTS.flatMap((fault) => Array<Fault>(fault.weight).fill(fault)))
}

async function signal({ random, stacks }: World, program: Program, name: NodeJS.Signals): Promise<void> {
  send(random.pick(stacks).pidOf(program), name)
}

async function freezeControl({ random, stacks, streamers }: World, ms: number): Promise<void> {
  for (const streamer of streamers) streamer.excuseConnecting(ms + 10_000)
  await freeze(random.pick(stacks).pidOf('control'), ms)
}

async function freezeDatabase({ databasePid }: World): Promise<void> {
  await freeze(databasePid(), 6_000)
}

async function killDatabase({ databasePid }: World): Promise<void> {
  send(databasePid(), 'SIGKILL')
}

async function killNginx({ random, stacks, streamers }: World, program: Program): Promise<void> {
  const stack = random.pick(stacks)
  // Whoever is connecting right now may come to this node as well.
  for (const streamer of streamers) streamer.excuse(NGINX_EXCUSE_MS)
  send(stack.pidOf(program), 'SIGKILL')
}

async function killEverything({ stacks, streamers, databasePid }: World): Promise<void> {
  for (const streamer of streamers) streamer.excuse(NGINX_EXCUSE_MS)
  const pids = [
    databasePid(),
    ...stacks.flatMap((stack) => KILLED_WITH_EVERYTHING.map((program) => stack.pidOf(program))),
  ]
  for (const pid of pids) send(pid, 'SIGKILL')
}

/** Not waited for: the next fault may come meanwhile. */
async function pause({ random, streamers }: World, lowMs: number, highMs: number): Promise<void> {
  void random.pick(streamers).pause(random.between(lowMs, highMs))
}
