// Has the kernel end a child when the process that started it dies without a word (kill -9).
import { spawnSync } from 'node:child_process'

/** util-linux's setpriv, which every Debian and Ubuntu has; elsewhere the child may stay behind. */
const SETPRIV = ['setpriv', '--pdeathsig', 'TERM', '--'] as const
const [program, ...options] = SETPRIV
const available = spawnSync(program, [...options, 'true'], { stdio: 'ignore' }).status === 0

/** The command line to spawn instead. The pid stays the program's own: setpriv becomes it. */
export function withParentDeathSignal(command: string, ...args: string[]): [string, ...string[]] {
  return available ? [...SETPRIV, command, ...args] : [command, ...args]
}
