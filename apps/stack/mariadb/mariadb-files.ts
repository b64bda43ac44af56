// The files of the embedded MariaDB: its data folder, initialised on first use.
// Not with mariadb-install-db, which needs my_print_defaults from the client package.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

/** Where the installed server has its SQL files, and what they are called; both depend on its version. */
const SQL_FOLDERS = ['/usr/share/mysql', '/usr/share/mariadb']
const SQL_NAMES = ['mysql', 'mariadb']
const SQL_FILES = ['system_tables', 'performance_tables', 'system_tables_data']

/** Options for the initialisation and for each start. */
export function commonOptions(folder: string, dataFolder: string): string[] {
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary, { recursive: true, mode: 0o700 })
  return [
    // Must come first. Ignores the configuration of a MariaDB that is installed on the machine.
    '--no-defaults',
    `--datadir=${dataFolder}`,
    // Not shared: a starting server removes every temporary table it finds there, also those of another server.
    `--tmpdir=${temporary}`,
    '--lc-messages=en_US',
    // MariaDB refuses to run as root without this option.
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    '--innodb-log-file-size=16M',
    // Containers and small machines often forbid io_uring or limit it too much.
    '--innodb-use-native-aio=0',
  ]
}

/**
 * Sets the password of the database's root whenever the server starts: earlier versions let everybody in who could
 * open the socket. Not `unix_socket`, which takes a system user of the same name only: OnAir need not run as root.
 * @param password letters and digits
 * @returns the server's option
 */
export function setRootPassword(folder: string, password: string): string[] {
  const file = join(folder, 'run', 'root.sql')
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  rmSync(file, { force: true })
  writeFileSync(file, `ALTER USER root@localhost IDENTIFIED BY '${password}';\n`, { mode: 0o600 })
  return [`--init-file=${file}`]
}

/**
 * Creates the data folder `<folder>/mysql` unless it exists. It is initialised under another name and then
 * renamed, so that a start that was interrupted can be repeated.
 * @returns its path
 */
export async function ensureDataFolder(
  folder: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<string> {
  const data = join(folder, 'mysql')
  for (const name of readdirSync(folder)) {
    if (name.startsWith('mysql.new')) rmSync(join(folder, name), { recursive: true, force: true })
  }
  if (existsSync(data)) return data
  const fresh = join(folder, `mysql.new-${process.pid}`)
  mkdirSync(fresh, { mode: 0o700 })
  await initialise(folder, fresh, env, signal)
  renameSync(fresh, data)
  return data
}

async function initialise(
  folder: string,
  dataFolder: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = ['--bootstrap', '--silent-startup', '--log-warnings=0', '--enforce-storage-engine=']
  const child = spawn('mariadbd', [...commonOptions(folder, dataFolder), ...options], {
    env,
    stdio: ['pipe', 'ignore', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(systemTablesSql())
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  const [code, said] = await Promise.all([exit, text(child.stderr)])
  if (code !== 0) throw new Error(`MariaDB could not initialise its data folder:\n${said.trim()}`)
}

function systemTablesSql(): string {
  const files = SQL_FILES.map((file) => {
    const paths = SQL_FOLDERS.flatMap((folder) =>
      SQL_NAMES.map((name) => join(folder, `${name}_${file}.sql`)),
    )
    const found = paths.find((path) => existsSync(path))
    if (found === undefined) throw new Error(`${paths[0]} is missing: install mariadb-server-core again`)
    return readFileSync(found, 'utf8')
  })
  // In bootstrap mode a statement ends at the end of its line. How root logs in is set at each start.
  return `CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n${files.join('\n')}`
}
