// A MariaDB server that OnAir starts itself, in one folder and reachable by one Unix socket only. npm start
// uses it when DATABASE_URL is not set, the tests when TEST_DATABASE_URL is not set.
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { fittingSocket, removeSocketFolder } from '../supervision/socket-path.ts'
import { SupervisedChild } from '../supervision/supervised-child.ts'
import { commonOptions, ensureDataFolder, setRootPassword } from './mariadb-files.ts'

export interface EmbeddedMariadbOptions {
  /** Contains the data (`mysql`) and the socket (`run`). Created if missing. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** Gets the server's warnings and errors, and a line about each restart. */
  readonly onLine: (line: string) => void
  /** A database, and the user who may do everything in it and nothing else; made or corrected at each start. */
  readonly account?: Account
  readonly maxConnections?: number
  /** False writes to disk less often; data may be lost when the machine loses power. For tests. */
  readonly durable?: boolean
  /** Aborts the start. */
  readonly signal?: AbortSignal
  /** Once aborted, the server is killed instead of being given time to stop. */
  readonly force?: AbortSignal
}

/** The user's name is that of the database. */
export interface Account {
  readonly name: string
  /** Letters and digits. */
  readonly password: string
}

export class EmbeddedMariadb implements AsyncDisposable {
  readonly #child: SupervisedChild
  readonly #socket: string
  readonly #rootPassword: string

  private constructor(child: SupervisedChild, socket: string, rootPassword: string) {
    this.#child = child
    this.#socket = socket
    this.#rootPassword = rootPassword
  }

  /** Resolves once it answers queries. @throws when it does not start, with its error messages */
  static async start(options: EmbeddedMariadbOptions): Promise<EmbeddedMariadb> {
    const folder = resolve(options.folder)
    const socket = fittingSocket(join(folder, 'run', 'mysql.sock'))
    const data = await ensureDataFolder(folder, options.env, options.signal)
    const messages: string[] = []
    const rootPassword = randomBytes(24).toString('hex')
    const child = new SupervisedChild({
      name: 'MariaDB',
      command: 'mariadbd',
      args: serverOptions({ folder, data, socket, rootPassword, options }),
      env: options.env,
      force: options.force,
      pidFolder: join(folder, 'run'),
      onLine: (line) => {
        if (!isWarningOrError(line)) return
        messages.push(line)
        if (messages.length > 20) messages.shift()
        options.onLine(line)
      },
      say: options.onLine,
    })
    const mariadb = new EmbeddedMariadb(child.start(), socket, rootPassword)
    try {
      await mariadb.#waitUntilUp(messages, options.signal)
      await mariadb.#removeOtherRoots()
      if (options.account !== undefined) await mariadb.#ensure(options.account)
    } catch (error) {
      await child.stop(5000)
      throw error
    }
    return mariadb
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** The account's URL, as DATABASE_URL takes it. */
  accountUrl({ name, password }: Account): string {
    return `mysql://${name}:${password}@localhost/${name}?socket=${encodeURIComponent(this.#socket)}`
  }

  /** root's URL, good until the next start; without a name it names no database. */
  url(database = ''): string {
    return `mysql://root:${this.#rootPassword}@localhost/${database}?socket=${encodeURIComponent(this.#socket)}`
  }

  async stop(graceMs = 5000): Promise<void> {
    await this.#child.stop(graceMs)
    removeSocketFolder(this.#socket)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #waitUntilUp(messages: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted()
      const refusal = await this.#query('SELECT 1').then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      )
      if (refusal === undefined) return
      // ER_… is an answer of the server. Other errors mean that it does not listen (yet).
      if (refusal.startsWith('ER_')) throw new Error(`MariaDB says: ${refusal}`)
      if (this.#child.restarts > 1) throw new Error(`MariaDB does not start:\n${messages.join('\n')}`)
      await delay(50, undefined, signal === undefined ? {} : { signal })
    }
  }

  async #ensure({ name, password }: Account): Promise<void> {
    await this.#query(`CREATE DATABASE IF NOT EXISTS ${name}`)
    await this.#query(`CREATE USER IF NOT EXISTS ${name}@localhost`)
    await this.#query(`ALTER USER ${name}@localhost IDENTIFIED BY '${password}'`)
    await this.#query(`GRANT ALL ON ${name}.* TO ${name}@localhost`)
  }

  /** MariaDB's own set-up makes a root for each name of the machine. The server listens on no port. */
  async #removeOtherRoots(): Promise<void> {
    const others = "SELECT Host FROM mysql.user WHERE User = 'root' AND Host <> 'localhost'"
    for (const { Host } of await this.#query(others)) await this.#query('DROP USER root@?', [Host])
  }

  async #query(sql: string, values: readonly string[] = []): Promise<{ Host: string }[]> {
    const connection = await createConnection({
      socketPath: this.#socket,
      user: 'root',
      password: this.#rootPassword,
    })
    try {
      const [rows] = await connection.query(sql, [...values])
      return Array.isArray(rows) ? (rows as { Host: string }[]) : []
    } finally {
      connection.destroy()
    }
  }
}

interface ServerOptions {
  readonly folder: string
  readonly data: string
  readonly socket: string
  readonly rootPassword: string
  readonly options: EmbeddedMariadbOptions
}

function serverOptions({ folder, data, socket, rootPassword, options }: ServerOptions): string[] {
  const durable = options.durable ?? true
  return [
    ...commonOptions(folder, data),
    `--socket=${socket}`,
    '--skip-networking',
    ...setRootPassword(folder, rootPassword),
    `--pid-file=${join(data, 'mariadbd.pid')}`,
    '--skip-log-bin',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    `--innodb-flush-log-at-trx-commit=${durable ? 1 : 0}`,
    `--innodb-doublewrite=${durable ? 1 : 0}`,
    // Far below the defaults, which assume a machine for MariaDB alone. The number of open files then
    // stays below the usual limit of 1024.
    '--performance-schema=off',
    '--innodb-buffer-pool-size=64M',
    '--aria-pagecache-buffer-size=8M',
    '--key-buffer-size=1M',
    '--table-open-cache=300',
    `--max-connections=${options.maxConnections ?? 100}`,
    '--local-infile=0',
    '--log-warnings=1',
  ]
}

/** MariaDB logs each step of its start as a note; only warnings and errors are passed on. */
function isWarningOrError(line: string): boolean {
  return line.trim() !== '' && !line.includes('[Note]') && !line.startsWith('Version: ')
}
