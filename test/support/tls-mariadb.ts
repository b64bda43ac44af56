// A MariaDB that listens on a port, with TLS or without, for tests of connections that leave the machine.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { commonOptions, ensureDataFolder } from '../../apps/stack/mariadb/mariadb-files.ts'
import { freePorts } from './ports.ts'
import { until } from './until.ts'

export interface TlsMariadb extends AsyncDisposable {
  readonly port: number
  /** Runs SQL as root. */
  query(sql: string): Promise<Record<string, unknown>[]>
}

/** @param tls the server's certificate and key; null: it offers no TLS */
export async function startTlsMariadb(
  tls: { certFile: string; keyFile: string } | null,
): Promise<TlsMariadb> {
  const folder = mkdtempSync(join(tmpdir(), 'tls-db-'))
  const data = await ensureDataFolder(folder, process.env)
  const [port] = await freePorts(1)
  const socketPath = join(folder, 'socket')
  mkdirSync(join(folder, 'run'), { recursive: true })
  const certificate =
    tls === null ? ['--skip-ssl'] : [`--ssl-cert=${tls.certFile}`, `--ssl-key=${tls.keyFile}`]
  const options = [`--socket=${socketPath}`, `--port=${port}`, '--bind-address=127.0.0.1', '--skip-log-bin']
  const server = spawn('mariadbd', [...commonOptions(folder, data), ...options, ...certificate], {
    stdio: 'ignore',
  })
  const query = async (sql: string) => {
    const connection = await createConnection({ socketPath, user: 'root', multipleStatements: true })
    try {
      const [rows] = await connection.query(sql)
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
    } finally {
      connection.destroy()
    }
  }
  await until('MariaDB to answer', () => query('SELECT 1').catch(() => false), 20_000)
  return {
    port: Number(port),
    query,
    async [Symbol.asyncDispose]() {
      const exit = once(server, 'exit')
      server.kill('SIGKILL')
      await exit
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
