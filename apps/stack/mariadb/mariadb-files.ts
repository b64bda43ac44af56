// The files of an embedded MariaDB: its data folder, made on first use, and the path of its socket.
// mariadb-install-db is of no use here: it needs my_print_defaults, which comes with the client package.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

/** How the installed server's own files are called, by version. */
const SQL_FOLDERS = ['/usr/share/mysql', '/usr/share/mariadb']
const SQL_NAMES = ['mysql', 'mariadb']
const SQL_FILES = ['system_tables', 'performance_tables', 'system_tables_data']

/** sockaddr_un takes 107 bytes and a zero; longer paths are cut off without a word. */
const LONGEST_SOCKET_PATH = 107

/** Not os.tmpdir(), which can be long as well. */
const SHORT_FOLDERS = '/tmp'

/** Options that both the first initialisation and every start need. */
export function commonOptions(folder: string, dataFolder: string): string[] {
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary, { recursive: true, mode: 0o700 })
  return [
    // Must come first: nothing of a system-wide MariaDB's configuration may leak in.
    '--no-defaults',
    `--datadir=${dataFolder}`,
    // A starting server removes every temporary table it finds here: in a shared one, its neighbours'.
    `--tmpdir=${temporary}`,
    '--lc-messages=en_US',
    // MariaDB refuses to run as root unless told so.
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    '--innodb-log-file-size=16M',
    // Containers and small machines often forbid io_uring or run out of its limits.
    '--innodb-use-native-aio=0',
  ]
}

/**
 * Makes the data folder `<folder>/mysql` unless it is there. It is made beside its place and moved
 * when whole, so that an interrupted first start is simply done again.
 */
export async function ensureDataFolder(folder: string, signal?: AbortSignal): Promise<string> {
  const data = join(folder, 'mysql')
  for (const name of readdirSync(folder)) {
    if (name.startsWith('mysql.new')) rmSync(join(folder, name), { recursive: true, force: true })
  }
  if (existsSync(data)) return data
  const fresh = join(folder, `mysql.new-${process.pid}`)
  mkdirSync(fresh, { mode: 0o700 })
  await initialise(folder, fresh, signal)
  renameSync(fresh, data)
  return data
}

async function initialise(
  folder: string,
  dataFolder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = ['--bootstrap', '--silent-startup', '--log-warnings=0', '--enforce-storage-engine=']
  const child = spawn('mariadbd', [...commonOptions(folder, dataFolder), ...options], {
    stdio: ['pipe', 'ignore', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(systemTablesSql())
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  const [code, said] = await Promise.all([exit, text(child.stderr)])
  if (code !== 0) throw new Error(`MariaDB could not make its data folder:\n${said.trim()}`)
}

function systemTablesSql(): string {
  const files = SQL_FILES.map((file) => {
    const paths = SQL_FOLDERS.flatMap((folder) =>
      SQL_NAMES.map((name) => join(folder, `${name}_${file}.sql`)),
    )
    const found = paths.find((path) => existsSync(path))
    if (found === undefined)
      throw new Error(`MariaDB's own ${paths[0]} is missing: is mariadb-server-core whole?`)
    return readFileSync(found, 'utf8')
  })
  // In bootstrap mode a statement ends with its line. No socket authentication: root, without a
  // password, is whoever can open the socket, whose folder is the invoking user's alone.
  return `CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n${files.join('\n')}`
}

/**
 * The socket's path: in the folder itself, or, where that would be too long, in a short one under
 * /tmp that belongs to it.
 */
export function socketPath(folder: string): string {
  const path = join(folder, 'run', 'mysql.sock')
  const short = join(SHORT_FOLDERS, `onair-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`)
  const fits = Buffer.byteLength(path) <= LONGEST_SOCKET_PATH
  const parent = fits ? join(folder, 'run') : short
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  const { uid, mode } = lstatSync(parent)
  // /tmp is everybody's: a folder or link that another user put there first must not be used.
  if (!lstatSync(parent).isDirectory() || uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new Error(`${parent} must be a folder of this user with mode 0700; remove it and start again`)
  }
  return fits ? path : join(short, 'mysql.sock')
}

/** Leaves nothing behind under /tmp once the server has stopped. */
export function removeSocketFolder(socket: string): void {
  if (dirname(dirname(socket)) === SHORT_FOLDERS) rmSync(dirname(socket), { recursive: true, force: true })
}
