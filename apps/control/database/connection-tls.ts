// The TLS parameters of DATABASE_URL: MySQL's own (ssl-mode and the files), and what users of Prisma and of
// other programs write instead.
import { readFileSync } from 'node:fs'

export interface TlsSettings {
  /**
   * What is checked before anything secret is sent. `identity`: an authority that is trusted has signed the
   * server's certificate, for the host's name; `ca`: for any name; `nothing`: whoever is in between can read all.
   */
  readonly verify: 'identity' | 'ca' | 'nothing'
  /** What is in the files, in PEM form: the trusted authorities (without them: those of Node), and this program's
   * own certificate and key. */
  readonly files: { readonly ca?: string; readonly cert?: string; readonly key?: string }
}

/** The file of the authorities is called differently by MySQL and by Prisma. */
const CA_NAMES = ['ssl-ca', 'sslcert'] as const

/** Each value of each parameter that says whether and how; null: no TLS. */
const MODES: Readonly<Record<string, Readonly<Record<string, TlsSettings['verify'] | null>>>> = {
  'ssl-mode': { VERIFY_IDENTITY: 'identity', VERIFY_CA: 'ca', REQUIRED: 'nothing', DISABLED: null },
  ssl: { TRUE: 'identity', FALSE: null },
  sslaccept: { STRICT: 'identity', ACCEPT_INVALID_CERTS: 'nothing' },
}

export const UNDERSTOOD_TLS = [...Object.keys(MODES), ...CA_NAMES, 'ssl-cert', 'ssl-key']

/** @throws Error whose message can be shown to the operator */
export function parseTls(parameters: URLSearchParams): TlsSettings | null {
  const modes = Object.keys(MODES).filter((name) => parameters.has(name))
  if (modes.length > 1) throw new Error(`has ${modes.join(' and ')}; one of them is enough`)
  const caNames = CA_NAMES.filter((name) => parameters.has(name))
  if (caNames.length > 1) throw new Error(`has ${caNames.join(' and ')}, which mean the same`)
  const files = {
    ...readPem('ca', caNames[0], parameters),
    ...readPem('cert', 'ssl-cert', parameters),
    ...readPem('key', 'ssl-key', parameters),
  }
  const hasFiles = Object.keys(files).length > 0
  if ((files.cert === undefined) !== (files.key === undefined))
    throw new Error('has only one of ssl-cert and ssl-key')
  const [modeName] = modes
  const verify = modeName === undefined ? undefined : verifyOf(modeName, parameters.get(modeName) ?? '')
  if (!hasFiles && verify === undefined) return null
  if (verify === null) {
    if (hasFiles) throw new Error('has files for TLS, and switches TLS off')
    return null
  }
  // Whoever names an authority wants it to be asked.
  const withCa = verify === 'nothing' && files.ca !== undefined ? 'ca' : verify
  return { verify: withCa ?? 'identity', files }
}

function verifyOf(name: string, value: string): TlsSettings['verify'] | null {
  const values = MODES[name] ?? {}
  const verify = values[value.toUpperCase()]
  if (verify !== undefined) return verify
  const known = Object.keys(values).map((it) => (name === 'ssl-mode' ? it : it.toLowerCase()))
  throw new Error(`has a ${name} that OnAir does not know; it must be one of ${known.join(', ')}`)
}

function readPem(
  what: keyof TlsSettings['files'],
  name: string | undefined,
  parameters: URLSearchParams,
): TlsSettings['files'] {
  const file = name === undefined ? null : parameters.get(name)
  if (file === null) return {}
  try {
    const text = readFileSync(file, 'utf8')
    if (text.includes('-----BEGIN ')) return { [what]: text }
  } catch (error) {
    throw new Error(`has a file in ${name} that can't be read: ${(error as Error).message}`)
  }
  throw new Error(`has a file in ${name} that is not in PEM form: ${file}`)
}
