// What `npm start` begins with: its options and settings, TLS's files included, all checked before anything is
// started, so that one message lists everything that is wrong.
import { parseArgs } from 'node:util'
import { type Config, ConfigError, readConfig, type TlsFiles } from '../control/config.ts'
import { type Certificate, type CertificateReading, readCertificate } from './tls/certificate.ts'
import { ensureSelfSigned, selfSignedFiles } from './tls/self-signed.ts'

export interface StartSettings {
  readonly config: Config
  /** What TLS_CERT and TLS_KEY contain; null without them. */
  readonly certificate: Certificate | null
  /** Whether it is the one of --tls-self-signed. */
  readonly selfSigned: boolean
}

export interface StartSettingsOptions {
  /** How TLS_CERT and TLS_KEY are read; default: from their files. */
  readonly readTls?: ReadTls
  /** False: the self-signed certificate is left to the process that runs OnAir. */
  readonly makeSelfSigned?: boolean
}

export type ReadTls = (files: TlsFiles) => CertificateReading

/** @throws ConfigError */
export function readStartSettings(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { readTls = readCertificate, makeSelfSigned = true }: StartSettingsOptions = {},
): StartSettings {
  const selfSigned = wantsSelfSigned(args)
  if (!selfSigned) {
    const { TLS_CERT, TLS_KEY } = env
    const given = TLS_CERT && TLS_KEY ? readTls({ certFile: TLS_CERT, keyFile: TLS_KEY }) : null
    return {
      config: readAll(env, given?.problems ?? []),
      certificate: given?.certificate ?? null,
      selfSigned,
    }
  }
  if (env.TLS_CERT || env.TLS_KEY) {
    throw new ConfigError(['--tls-self-signed: TLS_CERT and TLS_KEY are set; use one or the other'])
  }
  // Any name will do at first: where the files are depends on DATA_DIR, which is read here.
  const config = readAll({ ...env, TLS_CERT: 'cert.pem', TLS_KEY: 'key.pem' }, [])
  const tls = selfSignedFiles(config.dataDir)
  if (!makeSelfSigned) return { config: { ...config, tls }, certificate: null, selfSigned }
  const { certificate, problems } = readSelfSigned(config.dataDir)
  if (problems !== null) throw new ConfigError(problems)
  return { config: { ...config, tls }, certificate, selfSigned }
}

function readAll(env: NodeJS.ProcessEnv, more: readonly string[]): Config {
  let config: Config | undefined
  const problems = [...more]
  try {
    config = readConfig(env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.unshift(...error.problems)
  }
  if (config === undefined || problems.length > 0) throw new ConfigError(problems)
  return config
}

function readSelfSigned(dataDir: string) {
  try {
    ensureSelfSigned(dataDir)
  } catch (error) {
    const problems = [`--tls-self-signed: no certificate could be made: ${(error as Error).message}`]
    return { certificate: null, problems }
  }
  return readCertificate(selfSignedFiles(dataDir))
}

function wantsSelfSigned(args: readonly string[]): boolean {
  try {
    const { values } = parseArgs({ args: [...args], options: { 'tls-self-signed': { type: 'boolean' } } })
    return values['tls-self-signed'] ?? false
  } catch {
    throw new ConfigError([`${args.join(' ')}: the only option of npm start is --tls-self-signed`])
  }
}
