// Makes the kernel send SIGTERM to a child process when its parent dies, also when the parent is killed (-9).
// The child also loses the capability that root leaves to the stack for ports below 1024, unless it keeps it.
import { spawnSync } from 'node:child_process'

/** setpriv, from util-linux, is on every Debian and Ubuntu. Without it the child may outlive its parent. */
const SETPRIV = ['setpriv', '--pdeathsig', 'TERM'] as const
const NO_CAPABILITIES = ['--inh-caps=-all', '--ambient-caps=-all']
const [program, ...options] = SETPRIV
const available =
  spawnSync(program, [...options, ...NO_CAPABILITIES, '--', 'true'], { stdio: 'ignore' }).status === 0

/** @returns the command line to spawn instead; its pid is the program's, because setpriv execs it */
export function withParentDeathSignal(command: string, ...args: string[]): [string, ...string[]] {
  return withOptions(NO_CAPABILITIES, command, args)
}

/** For a program that listens on ports below 1024: it keeps the capability for them. */
export function withParentDeathSignalAndPorts(command: string, ...args: string[]): [string, ...string[]] {
  return withOptions([], command, args)
}

function withOptions(more: readonly string[], command: string, args: string[]): [string, ...string[]] {
  return available ? [...SETPRIV, ...more, '--', command, ...args] : [command, ...args]
}
