// Makes the kernel send SIGTERM to a child process when its parent dies, also when the parent is killed (-9).
import { spawnSync } from 'node:child_process'

/** setpriv, from util-linux, is on every Debian and Ubuntu. Without it the child may outlive its parent. */
const SETPRIV = ['setpriv', '--pdeathsig', 'TERM', '--'] as const
const [program, ...options] = SETPRIV
const available = spawnSync(program, [...options, 'true'], { stdio: 'ignore' }).status === 0

/** @returns the command line to spawn instead; its pid is the program's, because setpriv execs it */
export function withParentDeathSignal(command: string, ...args: string[]): [string, ...string[]] {
  return available ? [...SETPRIV, command, ...args] : [command, ...args]
}
