// Where ffmpeg runs. It parses what strangers publish, so it gets no network, no secret, and where the machine allows
// it no file but those of its task. Three protections, tried in this order; the first that works is used.
import { existsSync, lstatSync, readlinkSync } from 'node:fs'

/** The paths that a run of ffmpeg needs; folders with everything in them. */
export interface Access {
  readonly read: readonly string[]
  readonly write: readonly string[]
}

export const NO_FILES: Access = { read: [], write: [] }

export interface Sandbox {
  /** What it is, for the log. */
  readonly name: string
  /** @returns the command line that runs this one inside */
  readonly wrap: (command: readonly string[], access: Access) => readonly string[]
}

/** The kernel kills what runs when media dies, however it dies. After `unshare`, which would undo it. */
const WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL', '--']

/** Programs and libraries. Debian's links of alternatives lead to libraries, too. */
const SYSTEM = ['/usr', '/etc/alternatives', '/etc/ld.so.cache']
/** Links into /usr, or folders on a machine where they are not merged yet. */
const LIBRARIES = ['/bin', '/lib', '/lib32', '/lib64']

const bubblewrap: Sandbox = {
  name: 'bubblewrap: no network, no files but its own',
  wrap: (command, { read, write }) => [
    ...['bwrap', '--unshare-all', '--die-with-parent', '--cap-drop', 'ALL', '--dev', '/dev'],
    ...SYSTEM.flatMap((path) => ['--ro-bind-try', path, path]),
    ...LIBRARIES.filter((path) => existsSync(path)).flatMap((path) =>
      lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path],
    ),
    ...read.flatMap((path) => ['--ro-bind', path, path]),
    ...write.flatMap((path) => ['--bind', path, path]),
    ...['--chdir', '/', '--', ...command],
  ],
}

const emptyNetwork: Sandbox = {
  name: 'a network namespace with nothing in it; files are limited by ffmpeg itself',
  wrap: (command) => ['unshare', '--user', '--map-current-user', '--net', ...WITH_PARENT, ...command],
}

export const limitsOnly: Sandbox = {
  name: 'none but ffmpeg’s own: it is told to open files only, and what it may use is limited',
  wrap: (command) => [...WITH_PARENT, ...command],
}

/** From the strongest. */
export const SANDBOXES: readonly Sandbox[] = [bubblewrap, emptyNetwork, limitsOnly]
