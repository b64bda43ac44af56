// Certificates for tests: self-signed ones, made with openssl, and what a server shows at a TLS handshake.
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConnectionOptions, connect } from 'node:tls'

export interface TestCertificate {
  readonly certFile: string
  readonly keyFile: string
  /** PEM. */
  readonly cert: string
  readonly key: string
  readonly serial: string
}

export interface CertificateOptions {
  /** openssl's options for the validity and the key. */
  readonly days?: number
  readonly key?: readonly string[]
  /** Whom it is for. */
  readonly names?: string
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

/** Writes `<name>-cert.pem` and `<name>-key.pem`; by default for localhost, 127.0.0.1 and 127.0.0.3. */
export function makeCertificate(
  folder: string,
  name: string,
  { days = 30, key = EC, names = 'DNS:localhost,IP:127.0.0.1,IP:127.0.0.3' }: CertificateOptions = {},
): TestCertificate {
  const [certFile, keyFile] = [join(folder, `${name}-cert.pem`), join(folder, `${name}-key.pem`)]
  const subject = `subjectAltName=${names}`
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', ...key, '-noenc', '-days', `${days}`, '-subj', `/CN=${name}`, '-addext', subject],
      ...['-keyout', keyFile, '-out', certFile],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const [cert, privateKey] = [readFileSync(certFile, 'utf8'), readFileSync(keyFile, 'utf8')]
  return { certFile, keyFile, cert, key: privateKey, serial: new X509Certificate(cert).serialNumber }
}

/** The serial number of the certificate that is shown at a port of 127.0.0.1, and what was agreed on. */
export async function handshake(
  port: number | string,
  options: ConnectionOptions = {},
): Promise<{ serial: string; protocol: string | null; alpn: string | false | null }> {
  const socket = connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false, ...options })
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(5000) })
    const { serialNumber } = socket.getPeerCertificate()
    return { serial: serialNumber, protocol: socket.getProtocol(), alpn: socket.alpnProtocol }
  } finally {
    socket.destroy()
  }
}

/**
 * The serial number that each port shows, for a test that waits for a renewed certificate. A handshake that falls
 * into the moment of the replacement may fail (docs/decisions/0016); its serial number is then empty, and whoever
 * waits asks again, as a client does.
 */
export async function shownSerials(ports: readonly (number | string)[]): Promise<string[]> {
  return Promise.all(
    ports.map((port) =>
      handshake(port).then(
        ({ serial }) => serial,
        (error) => {
          if (error.code === 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR') return ''
          throw error
        },
      ),
    ),
  )
}
