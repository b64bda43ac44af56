// Pid files: one for each running child, so that the next start on the same DATA_DIR can end the processes
// that a killed stack has left running, and no others.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import {
  bootId,
  groupIsGone,
  type ProcessEntry,
  processesOfSession,
  readProcess,
  signalGroup,
} from './process-group.ts'

const Record = z.object({ pid: z.int().positive(), startedAt: z.number(), boot: z.string() })
type Record = z.infer<typeof Record>

const SUFFIX = '.child.json'
/** Program names, as in /proc, that a child's session can contain. With any other, the pid was reused. */
const OUR_PROGRAMS = new Set([
  'nginx',
  'mariadbd',
  'node',
  'MainThread',
  'sh',
  'sed',
  'setpriv',
  'ffmpeg',
  'ffprobe',
  'bwrap',
])

export function writePidFile(folder: string, name: string, pid: number): void {
  const entry = readProcess(pid)
  if (entry === undefined) return
  const record: Record = { pid, startedAt: entry.startedAt, boot: bootId() }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name + SUFFIX), JSON.stringify(record))
}

export function removePidFile(folder: string, name: string): void {
  rmSync(join(folder, name + SUFFIX), { force: true })
}

/** Ends what is left of an earlier start, within about 6 s. @returns each process as "name pid" */
export async function endOrphans(folder: string): Promise<string[]> {
  const ended: string[] = []
  for (const file of pidFiles(folder)) {
    const record = parseRecord(join(folder, file))
    const orphans = record === undefined ? [] : orphansOf(record)
    if (record !== undefined && orphans.length > 0) {
      signalGroup(record.pid, 'SIGTERM')
      if (!(await groupIsGone(record.pid, 5000))) signalGroup(record.pid, 'SIGKILL')
      await groupIsGone(record.pid, 1000)
      ended.push(...orphans.map((orphan) => `${file.slice(0, -SUFFIX.length)} ${orphan.pid}`))
    }
    rmSync(join(folder, file), { force: true })
  }
  return ended
}

function pidFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith(SUFFIX))
  } catch {
    return []
  }
}

function parseRecord(path: string): Record | undefined {
  try {
    return Record.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    // Half written: the stack was killed at the moment when this child started.
    return undefined
  }
}

function orphansOf(record: Record): ProcessEntry[] {
  if (record.boot !== bootId()) return []
  const members = processesOfSession(record.pid)
  const leader = members.find((member) => member.pid === record.pid)
  // Another process has this pid now.
  if (leader !== undefined && leader.startedAt !== record.startedAt) return []
  return members.every((member) => OUR_PROGRAMS.has(member.name) && member.startedAt >= record.startedAt)
    ? members
    : []
}
