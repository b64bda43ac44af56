// How the launcher, which may read TLS_KEY, gives certificates to the stack, which may not: one JSON line over a
// pipe for each reading of the files that differs from the one before. The pipe goes one way.
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { z } from 'zod'
import type { CertificateReading } from '../tls/certificate.ts'

const LOOK_EVERY_MS = 5000
/** The stack's file descriptor for the pipe. */
export const PIPE_FD = 3

const Reading = z.union([
  z.object({
    certificate: z.object({
      cert: z.string(),
      key: z.string(),
      serial: z.string(),
      validFrom: z.coerce.date(),
      validTo: z.coerce.date(),
    }),
    problems: z.null(),
  }),
  z.object({ certificate: z.null(), problems: z.array(z.string()) }),
])

export class CertificateSender implements Disposable {
  readonly #pipe: Writable
  readonly #read: () => CertificateReading
  readonly #timer: NodeJS.Timeout
  #sent = ''

  constructor(pipe: Writable, read: () => CertificateReading, lookEveryMs = LOOK_EVERY_MS) {
    this.#pipe = pipe
    this.#read = read
    // The stack has ended; so will the launcher.
    pipe.on('error', () => undefined)
    this.#look()
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref()
  }

  #look(): void {
    const line = JSON.stringify(this.#read())
    if (line === this.#sent) return
    this.#sent = line
    this.#pipe.write(`${line}\n`)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}

/**
 * Waits for the first reading.
 * @returns gives the newest reading whenever it is called
 */
export async function receiveCertificates(
  pipe = new Socket({ fd: PIPE_FD }),
): Promise<() => CertificateReading> {
  let newest: CertificateReading | undefined
  const first = new Promise<void>((resolve, reject) => {
    createInterface({ input: pipe })
      .on('line', (line) => {
        newest = Reading.parse(JSON.parse(line))
        resolve()
      })
      .on('close', () => reject(new Error('the process that reads TLS_KEY has ended')))
  })
  await first
  pipe.unref()
  return () => newest ?? { certificate: null, problems: ['TLS_CERT: nothing was read yet'] }
}
