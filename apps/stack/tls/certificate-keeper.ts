// Keeps nginx's copy of the certificate up to date: looks at TLS_CERT and TLS_KEY every few seconds, and puts a
// renewed pair in use if it is right. nginx reads the copy at each handshake, so nothing is reloaded and nobody
// is disconnected.
import { type Certificate, type CertificateReading, whyNotValid } from './certificate.ts'
import { putCertificate } from './certificate-folder.ts'

/** Polling, because certbot's files are links to links, which a watch does not follow. */
const LOOK_EVERY_MS = 5000
const DAY_MS = 24 * 60 * 60 * 1000
/**
 * The part of a certificate's time that is left when the log asks for a newer one. ACME clients renew when a
 * third is left: with 90 days, renewing has failed for two weeks by then.
 */
const WARN_WHEN_LEFT = 1 / 6
/** For certificates that are valid for years. */
const WARN_AT_MOST_BEFORE_MS = 30 * DAY_MS

export interface CertificateKeeperOptions {
  /** Reads TLS_CERT and TLS_KEY as they are now. */
  readonly read: () => CertificateReading
  /** The one that was read at the start; it is put in use whatever its dates are. */
  readonly certificate: Certificate
  /** The folder from which nginx reads. */
  readonly folder: string
  readonly say: (line: string) => void
  readonly lookEveryMs?: number
  readonly now?: () => Date
}

export class CertificateKeeper implements Disposable {
  readonly #options: CertificateKeeperOptions
  readonly #now: () => Date
  #current: Certificate
  #timer: NodeJS.Timeout | undefined
  /** What was wrong at the last look, and what the log has been told already. */
  #problem: string | undefined
  #said: string | undefined
  #warnedAt = 0

  constructor(options: CertificateKeeperOptions) {
    this.#options = options
    this.#current = options.certificate
    this.#now = options.now ?? (() => new Date())
  }

  /** Once it returns, the folder has the certificate. @throws when the folder cannot be written */
  start(): this {
    const { folder, lookEveryMs = LOOK_EVERY_MS } = this.#options
    putCertificate(folder, this.#current)
    this.#warnBeforeEnd()
    this.#timer = setInterval(() => this.look(), lookEveryMs).unref()
    return this
  }

  get current(): Certificate {
    return this.#current
  }

  /** Compares the files with the certificate in use. */
  look(): void {
    const problem = this.#takeNew()
    // A program that writes the two files one after the other is given until the next look.
    if (problem !== undefined && problem === this.#problem && problem !== this.#said) {
      this.#said = problem
      this.#options.say(
        `the new certificate is not used: ${problem}. The old one stays in use; it is valid until ${this.#end()}. ` +
          'Correct the files, and they are used within seconds.',
      )
    }
    if (problem === undefined) this.#said = undefined
    this.#problem = problem
    this.#warnBeforeEnd()
  }

  /** @returns why the files are not used; undefined when they are in use */
  #takeNew(): string | undefined {
    const { read, folder, say } = this.#options
    const { certificate, problems } = read()
    if (certificate === null) return problems.join('; ')
    if (certificate.cert === this.#current.cert && certificate.key === this.#current.key) return undefined
    const invalid = whyNotValid(certificate, this.#now())
    if (invalid !== undefined) return `TLS_CERT: ${invalid}`
    try {
      putCertificate(folder, certificate)
    } catch (error) {
      return `${folder} can't be written: ${(error as Error).message}`
    }
    this.#current = certificate
    say(`a new certificate is in use: serial number ${certificate.serial}, valid until ${this.#end()}`)
    return undefined
  }

  #warnBeforeEnd(): void {
    const now = this.#now()
    const invalid = whyNotValid(this.#current, now)
    const { validFrom, validTo } = this.#current
    const whole = validTo.getTime() - validFrom.getTime()
    const endsSoon =
      validTo.getTime() - now.getTime() < Math.min(whole * WARN_WHEN_LEFT, WARN_AT_MOST_BEFORE_MS)
    if ((invalid === undefined && !endsSoon) || now.getTime() - this.#warnedAt < DAY_MS) return
    this.#warnedAt = now.getTime()
    const what = invalid ?? `it is valid until ${this.#end()} only`
    this.#options.say(`the certificate in TLS_CERT has to be renewed: ${what}. Check what renews it.`)
  }

  #end(): string {
    return this.#current.validTo.toISOString()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
