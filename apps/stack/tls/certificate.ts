// Reads a certificate with its private key from the PEM files that TLS_CERT and TLS_KEY name, and checks that
// TLS can use them: both readable, well-formed, and belonging together.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { TlsFiles } from '../../control/config.ts'

export interface Certificate {
  /** PEM: the certificate and those of the authorities between it and the root. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  readonly serial: string
  readonly validFrom: Date
  readonly validTo: Date
}

export type CertificateReading =
  | { readonly certificate: Certificate; readonly problems: null }
  /** One line for each problem, beginning with the setting's name. */
  | { readonly certificate: null; readonly problems: readonly string[] }

export function readCertificate({ certFile, keyFile }: TlsFiles): CertificateReading {
  const problems: string[] = []
  const report = (problem: string) => void problems.push(problem)
  const cert = readText('TLS_CERT', certFile, report)
  const key = readText('TLS_KEY', keyFile, report)
  const x509 = cert === undefined ? undefined : parseCertificate(cert, certFile, report)
  const privateKey = key === undefined ? undefined : parseKey(key, keyFile, report)
  if (cert === undefined || key === undefined || x509 === undefined || privateKey === undefined) {
    return { certificate: null, problems }
  }
  const misfit = whyUnusable(x509, privateKey, cert, key)
  if (misfit !== undefined) return { certificate: null, problems: [misfit] }
  const { serialNumber: serial, validFromDate, validToDate } = x509
  return {
    certificate: { cert, key, serial, validFrom: validFromDate, validTo: validToDate },
    problems: null,
  }
}

/** @returns what is wrong with the certificate's dates at this time; undefined: nothing */
export function whyNotValid({ validFrom, validTo }: Certificate, now: Date): string | undefined {
  if (now > validTo) return `it has expired on ${validTo.toISOString()}`
  if (now < validFrom)
    return `it is not valid before ${validFrom.toISOString()}; is this machine's clock right?`
  return undefined
}

type Report = (problem: string) => void

function readText(setting: string, file: string, report: Report): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') report(`${setting}: there is no file ${file}`)
    else if (code === 'EACCES') report(`${setting}: the user who starts OnAir may not read ${file}`)
    else report(`${setting}: ${file} can't be read: ${message}`)
    return undefined
  }
}

function parseCertificate(pem: string, file: string, report: Report): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    report(`TLS_CERT: ${file} is not a certificate in PEM form (-----BEGIN CERTIFICATE-----)`)
    return undefined
  }
}

function parseKey(pem: string, file: string, report: Report): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    report(
      /ENCRYPTED/.test(pem)
        ? `TLS_KEY: ${file} has a passphrase; write it without one: openssl pkey -in ${file} -out <new file>`
        : `TLS_KEY: ${file} is not a private key in PEM form (-----BEGIN PRIVATE KEY-----)`,
    )
    return undefined
  }
}

function whyUnusable(x509: X509Certificate, privateKey: KeyObject, cert: string, key: string) {
  if (!x509.checkPrivateKey(privateKey)) {
    return 'TLS_KEY: the key does not belong to the certificate in TLS_CERT, of which the first in the file counts'
  }
  try {
    // What nginx does at each handshake; also refuses weak keys and a damaged chain.
    createSecureContext({ cert, key })
    return undefined
  } catch (error) {
    return `TLS_CERT: TLS can't use this certificate: ${(error as Error).message}`
  }
}
