// DATA_DIR/database-url: how to reach the embedded database as the user that control has there. Only this system
// user may read it.
import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'database-url'

/** The password that the file has, so that programs that have read it stay connected; else a new one. */
export function keptPassword(dataDir: string): string {
  try {
    const { password } = new URL(readFileSync(join(dataDir, FILE), 'utf8').trim())
    if (/^\w{24,}$/.test(password)) return password
  } catch {
    // The first start, or the file is damaged.
  }
  return randomBytes(24).toString('hex')
}

export function writeDatabaseUrl(dataDir: string, url: string): void {
  const next = join(dataDir, `${FILE}.next`)
  rmSync(next, { force: true })
  writeFileSync(next, `${url}\n`, { mode: 0o600 })
  renameSync(next, join(dataDir, FILE))
}
