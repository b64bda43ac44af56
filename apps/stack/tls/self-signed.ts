// A certificate for trying OnAir over TLS on one's own machine (npm start -- --tls-self-signed). Nobody has
// signed it, so browsers warn about it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import type { TlsFiles } from '../../control/config.ts'
import { readCertificate, whyNotValid } from './certificate.ts'

const DAYS = 365

/** Where it is; the files need not exist. */
export function selfSignedFiles(dataDir: string): TlsFiles {
  const folder = join(dataDir, 'tls-self-signed')
  return { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
}

/**
 * Makes it unless the files have a valid one, so that a browser asks only once whether to trust it.
 * @throws when openssl is missing or fails
 */
export function ensureSelfSigned(dataDir: string): void {
  const { certFile, keyFile } = selfSignedFiles(dataDir)
  const { certificate } = readCertificate({ certFile, keyFile })
  if (certificate !== null && whyNotValid(certificate, new Date()) === undefined) return
  mkdirSync(dataDir, { recursive: true })
  mkdirSync(dirname(certFile), { recursive: true, mode: 0o700 })
  const names = ['DNS:localhost', ...dnsName(hostname()), 'IP:127.0.0.1', 'IP:::1']
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-noenc',
        '-days',
        `${DAYS}`,
      ],
      ...['-subj', '/CN=OnAir, self-signed', '-addext', `subjectAltName=${names.join(',')}`],
      ...['-keyout', `${keyFile}.new`, '-out', `${certFile}.new`],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  renameSync(`${keyFile}.new`, keyFile)
  renameSync(`${certFile}.new`, certFile)
}

function dnsName(host: string): string[] {
  return /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(host) && host !== 'localhost' ? [`DNS:${host}`] : []
}
