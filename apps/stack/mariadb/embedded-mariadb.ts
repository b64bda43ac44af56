// A MariaDB of OnAir's own, in one folder and on one unix socket: what npm start uses when there is no
// DATABASE_URL, and the tests when there is no TEST_DATABASE_URL.
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { SupervisedChild } from '../supervision/supervised-child.ts'
import { commonOptions, ensureDataFolder, removeSocketFolder, socketPath } from './mariadb-files.ts'

export interface EmbeddedMariadbOptions {
  /** Holds the data (`mysql`) and the socket (`run`); made when missing. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** Warnings and errors of the server, and what the supervisor has to say. */
  readonly onLine: (line: string) => void
  /** Databases to be there once it has started. */
  readonly databases?: readonly string[]
  readonly maxConnections?: number
  /** False spares the disk where the data need not outlive the machine's power: in tests. */
  readonly durable?: boolean
  /** Gives up starting. */
  readonly signal?: AbortSignal
  /** Stops waiting for an orderly end. */
  readonly hurry?: AbortSignal
}

export class EmbeddedMariadb implements AsyncDisposable {
  readonly #child: SupervisedChild
  readonly #socket: string

  private constructor(child: SupervisedChild, socket: string) {
    this.#child = child
    this.#socket = socket
  }

  /** Resolves once it answers. @throws when it dies before that, with what it said */
  static async start(options: EmbeddedMariadbOptions): Promise<EmbeddedMariadb> {
    const folder = resolve(options.folder)
    const socket = socketPath(folder)
    const data = await ensureDataFolder(folder, options.signal)
    const heard: string[] = []
    const child = new SupervisedChild({
      name: 'MariaDB',
      command: 'mariadbd',
      args: serverOptions(folder, data, socket, options),
      env: options.env,
      hurry: options.hurry,
      pidFolder: join(folder, 'run'),
      onLine: (line) => {
        if (!isWorthTelling(line)) return
        heard.push(line)
        if (heard.length > 20) heard.shift()
        options.onLine(line)
      },
      say: options.onLine,
    })
    const mariadb = new EmbeddedMariadb(child.start(), socket)
    try {
      await mariadb.#waitUntilUp(heard, options.signal)
      await mariadb.#createDatabases(options.databases ?? [])
    } catch (error) {
      await child.stop(5000)
      throw error
    }
    return mariadb
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** What `mysql2` and control's settings take; without a name, of the server alone. */
  url(database = ''): string {
    return `mysql://root@localhost/${database}?socket=${encodeURIComponent(this.#socket)}`
  }

  async stop(graceMs = 5000): Promise<void> {
    await this.#child.stop(graceMs)
    removeSocketFolder(this.#socket)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #waitUntilUp(heard: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted()
      const refusal = await this.#query('SELECT 1').then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      )
      if (refusal === undefined) return
      // A word from the server itself; anything else means that it is not listening yet or any more.
      if (refusal.startsWith('ER_')) throw new Error(`MariaDB says: ${refusal}`)
      if (this.#child.restarts > 1) throw new Error(`MariaDB does not start:\n${heard.join('\n')}`)
      await delay(50, undefined, signal === undefined ? {} : { signal })
    }
  }

  async #createDatabases(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#query(`CREATE DATABASE IF NOT EXISTS \`${name}\``)
  }

  async #query(sql: string): Promise<void> {
    const connection = await createConnection({ socketPath: this.#socket, user: 'root' })
    try {
      await connection.query(sql)
    } finally {
      connection.destroy()
    }
  }
}

function serverOptions(
  folder: string,
  data: string,
  socket: string,
  options: EmbeddedMariadbOptions,
): string[] {
  const durable = options.durable ?? true
  return [
    ...commonOptions(folder, data),
    `--socket=${socket}`,
    '--skip-networking',
    `--pid-file=${join(data, 'mariadbd.pid')}`,
    '--skip-log-bin',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    `--innodb-flush-log-at-trx-commit=${durable ? 1 : 0}`,
    `--innodb-doublewrite=${durable ? 1 : 0}`,
    // A fraction of the defaults, which are meant for a machine of MariaDB's own; the files it
    // opens then stay below the usual limit of 1024.
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

/** MariaDB tells each step of every start; only what went wrong is news. */
function isWorthTelling(line: string): boolean {
  return line.trim() !== '' && !line.includes('[Note]') && !line.startsWith('Version: ')
}
