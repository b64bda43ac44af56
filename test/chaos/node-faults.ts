// Faults of one node of several: its connection to the database, its disk, its nginx, or all of it.
import { setTimeout as delay } from 'node:timers/promises'
import type { DatabaseProxy } from '../control/support/unix-proxy.ts'
import type { Program, TestStack } from '../support/stack.ts'
import type { Journal } from './journal.ts'
import type { Random } from './random.ts'
import { send } from './signals.ts'
import type { SmallDisk } from './small-disk.ts'
import type { Streamer } from './streamer.ts'

/** One node, and what it depends on. */
export interface ChaosNode {
  readonly stack: TestStack
  /** Between the node and the database. */
  readonly proxy: DatabaseProxy
  /** Null: HLS is on the disk that everything is on. */
  readonly disk: SmallDisk | null
}

export interface Nodes {
  readonly nodes: readonly ChaosNode[]
  readonly streamers: readonly Streamer[]
  readonly random: Random
  readonly journal: Journal
}

/** A node that is left with a healthy database answers within this time, whatever another one does. */
const HEALTHY_MS = 5_000
/** What an encoder may need to come back once nginx takes it again. */
const RETURN_MS = 20_000

/** The database is unreachable for all nodes, while they are busy. */
export async function databaseUnreachable({ nodes, streamers, random }: Nodes): Promise<void> {
  const ms = random.between(5_000, 40_000)
  for (const { proxy } of nodes) proxy.cut()
  // Whoever connects meanwhile is refused: without the database nobody is let in.
  for (const streamer of streamers) streamer.excuseConnecting(ms + RETURN_MS)
  await delay(ms)
  for (const { proxy } of nodes) proxy.mend()
}

/** One node's connections to the database go silent, in the middle of whatever they are doing; no end is closed. */
export async function nodeCutOff({ nodes, streamers, random, journal }: Nodes): Promise<void> {
  const node = random.pick(nodes)
  const healthy = nodes.find((other) => other !== node)
  const ms = random.between(4_000, 9_000)
  for (const streamer of streamers) streamer.excuseConnecting(ms + RETURN_MS)
  node.proxy.freeze()
  const frozenUntil = performance.now() + ms
  const startMs = performance.now()
  const created = await healthy?.stack.create({ title: 'while a node is cut off' }).catch(() => null)
  const tookMs = performance.now() - startMs
  if (healthy !== undefined && (created == null || tookMs > HEALTHY_MS))
    journal.violation(
      `${healthy.stack.nodeId} could not create a stream while ${node.stack.nodeId} was cut off`,
    )
  await delay(Math.max(0, frozenUntil - performance.now()))
  node.proxy.thaw()
}

/** nginx stands still while control lives: nobody tells control that the publishers are gone. */
export async function nginxStopped({ nodes, streamers, random }: Nodes): Promise<void> {
  const { stack } = random.pick(nodes)
  const ms = random.between(3_000, 25_000)
  for (const streamer of streamers) streamer.excuse(ms + RETURN_MS)
  const pid = stack.pidOf('nginx-worker')
  send(pid, 'SIGSTOP')
  await delay(ms)
  send(pid, 'SIGCONT')
}

/** nginx can write no more segments. */
export async function diskFull({ nodes, streamers, random }: Nodes): Promise<void> {
  const { disk } = random.pick(nodes)
  if (disk === null) return
  const ms = random.between(5_000, 25_000)
  for (const streamer of streamers) streamer.excuse(ms + RETURN_MS)
  await disk.fill()
  await delay(ms)
  await disk.empty()
}

/** A whole machine is gone for a while: longer than a lease, longer than the reconnect window. */
export async function nodeGone({ nodes, streamers, random }: Nodes): Promise<void> {
  const node = random.pick(nodes)
  const other = nodes.find((candidate) => candidate !== node) ?? node
  const ms = random.between(16_000, 40_000)
  for (const streamer of streamers) {
    streamer.excuse(ms + RETURN_MS)
    // The load balancer sends everybody elsewhere.
    streamer.node = other.stack
  }
  const supervisor = node.stack.pidOf('stack')
  // Stopped, so that it starts nothing again.
  send(supervisor, 'SIGSTOP')
  const nginx = ['nginx-master', 'nginx-worker', 'public-nginx-master', 'public-nginx-worker'] as const
  const programs: readonly Program[] = ['control', ...nginx]
  for (const pid of programs.flatMap((program) => node.stack.pidsOf(program))) send(pid, 'SIGKILL')
  await delay(ms)
  send(supervisor, 'SIGCONT')
}
