// The folder from which nginx reads the certificate in use (TLS_DIR of nginx/start.sh). TLS_KEY may be readable
// for root only, and nginx is not root: so the files are copied, and only the user who runs nginx can read the copy.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import type { Certificate } from './certificate.ts'

const CURRENT = 'current'
const NEXT = 'next'
const PAIR = 'pair-'

/**
 * Puts a certificate into the folder, in place of the one that is there. Certificate and key change at once,
 * because nginx reads them through one link, which is replaced by a rename. A handshake that reads one of them
 * before the rename and the other after it fails; that takes less than a millisecond at each renewal.
 */
export function putCertificate(folder: string, { cert, key }: Pick<Certificate, 'cert' | 'key'>): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  const pair = mkdtempSync(join(folder, PAIR))
  for (const [name, text] of [
    ['cert.pem', cert],
    ['key.pem', key],
  ] as const) {
    writeFileSync(join(pair, name), text, { mode: 0o400 })
  }
  rmSync(join(folder, NEXT), { force: true })
  symlinkSync(basename(pair), join(folder, NEXT))
  renameSync(join(folder, NEXT), join(folder, CURRENT))
  for (const name of readdirSync(folder)) {
    if (name.startsWith(PAIR) && name !== basename(pair)) rmSync(join(folder, name), { recursive: true })
  }
}
