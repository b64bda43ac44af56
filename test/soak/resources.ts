// What is sampled: everything that control, nginx and the database hold while they work.
import { readdirSync, readFileSync } from 'node:fs'
import { residentBytes } from '../bench/process-usage.ts'
import type { TestStack } from '../support/stack.ts'
import type { Allowance } from './growth.ts'

const MB = 1024 * 1024

interface Resource {
  readonly unit: string
  readonly allowance: Allowance
  /** Judge the lowest of this many samples: for what rises until it is collected. */
  readonly floorOf?: number
  readonly read: (stack: TestStack) => number | Promise<number>
}

const few: Allowance = { absolute: 25, share: 0.15 }
const memory: Allowance = { absolute: 25, share: 0.1 }

function pidOf(stack: TestStack, program: 'control' | 'nginx-worker'): number {
  const pid = stack.pidOf(program)
  if (pid === undefined) throw new Error(`${program} is not running`)
  return pid
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Files and directories that the kernel watches for a process (inotify(7)). */
function watches(pid: number): number {
  return readdirSync(`/proc/${pid}/fdinfo`).reduce((sum, fd) => {
    try {
      const text = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')
      return sum + (text.match(/^inotify wd:/gm)?.length ?? 0)
    } catch {
      // Closed since the directory was read.
      return sum
    }
  }, 0)
}

async function count(stack: TestStack, sql: string): Promise<number> {
  const [row] = await stack.database.query(sql)
  return Number(row?.count)
}

/** A metric of control's own, by its name in /metrics; several labels are summed. */
async function metric(stack: TestStack, name: string): Promise<number> {
  const text = await (await fetch(`${stack.hooksUrl}/metrics`)).text()
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))]
  if (values.length === 0) throw new Error(`there is no metric ${name}`)
  return values.reduce((sum, [, value]) => sum + Number(value), 0)
}

const rows = (table: string, allowance: Allowance = { absolute: 300, share: 0.2 }): Resource => ({
  unit: 'rows',
  allowance,
  read: (stack) => count(stack, `SELECT COUNT(*) AS count FROM ${table}`),
})

export const RESOURCES: Readonly<Record<string, Resource>> = {
  'control: memory': {
    unit: 'MB',
    allowance: memory,
    read: (stack) => residentBytes(pidOf(stack, 'control')) / MB,
  },
  'control: heap': {
    unit: 'MB',
    allowance: { absolute: 10, share: 0.15 },
    floorOf: 4,
    read: async (stack) => (await metric(stack, 'nodejs_heap_size_used_bytes')) / MB,
  },
  'control: descriptors': {
    unit: '',
    allowance: few,
    read: (stack) => descriptors(pidOf(stack, 'control')),
  },
  'control: inotify watches': {
    unit: '',
    allowance: few,
    read: (stack) => watches(pidOf(stack, 'control')),
  },
  'control: active resources': {
    unit: '',
    allowance: few,
    read: (stack) => metric(stack, 'nodejs_active_resources_total'),
  },
  'nginx: memory': {
    unit: 'MB',
    allowance: memory,
    read: (stack) => residentBytes(pidOf(stack, 'nginx-worker')) / MB,
  },
  'nginx: descriptors': {
    unit: '',
    allowance: few,
    read: (stack) => descriptors(pidOf(stack, 'nginx-worker')),
  },
  'database: connections': {
    unit: '',
    allowance: { absolute: 5, share: 0.1 },
    read: (stack) => count(stack, 'SELECT COUNT(*) AS count FROM information_schema.processlist'),
  },
  'database: streams': rows('streams'),
  'database: events': rows('events'),
  'database: viewers': rows('viewers', few),
  'database: nodes': rows('nodes', { absolute: 0, share: 0 }),
  'directories in HLS_DIR': { unit: '', allowance: few, read: (stack) => readdirSync(stack.hlsDir).length },
  'directories in RECORDINGS_DIR': {
    unit: '',
    allowance: few,
    read: (stack) => readdirSync(stack.recordingsDir).length,
  },
}
