// Parses the environment: which settings there are, what each may look like, and which contradict each
// other. Every setting is explained in .env.example. Long because all settings stand in one list.
import { z } from 'zod'
import { readSecretFiles } from './secret-files.ts'
import { databaseUrl, type Given, list, tokens, wrongMigrationUrl, wrongTokens } from './secret-settings.ts'

/** The longest time that setTimeout can wait, 24 days. */
const MAX_SECONDS = 24 * 24 * 60 * 60

/** Ten years. Browsers remember for as long that the host is to be reached over HTTPS only. */
const MAX_HSTS_SECONDS = 315_360_000

const PORT_RULE = 'must be a port number from 1 to 65535'
const port = z.coerce.number(PORT_RULE).int(PORT_RULE).min(1, PORT_RULE).max(65_535, PORT_RULE)
const seconds = z.coerce
  .number('must be a number of seconds')
  .positive('must be more than 0 seconds')
  .max(MAX_SECONDS, `must be at most ${MAX_SECONDS} seconds`)
const secondsOrForEver = z.coerce
  .number('must be a number of seconds')
  .min(0, 'must be 0 (no limit) or more seconds')
  .max(MAX_SECONDS, `must be at most ${MAX_SECONDS} seconds`)
const path = z.string().min(1)
const ipAddress = z.union([z.ipv4(), z.ipv6()], 'must be an IP address')
/** Paths are appended to it; with at most 200 characters the result fits the database's column. */
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
  .max(200, 'must have at most 200 characters')
  .refine((url) => !/[?#]/.test(url), 'must not have a query or a fragment')
  .transform((url) => url.replace(/\/+$/, ''))
const days = z.coerce
  .number('must be a number of days')
  .positive('must be more than 0 days')
  .max(36_500, 'must be at most 36500 days')
const daysOrForEver = z.coerce
  .number('must be a number of days')
  .min(0, 'must be 0 (no limit) or more days')
  .max(36_500, 'must be at most 36500 days')
const bytes = z.coerce
  .number('must be a number of bytes')
  .int('must be a whole number of bytes')
  .min(0, 'must not be negative')
  .max(Number.MAX_SAFE_INTEGER)
const wholeNumber = z.coerce
  .number('must be a whole number')
  .int('must be a whole number')
  .min(0, 'must not be negative')
  .max(1_000_000, 'must be at most 1000000')
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const Environment = z.object({
  PUBLIC_URL: httpUrl.optional(),
  RTMP_URL: z
    .url({ protocol: /^rtmps?$/, error: 'must be an rtmp:// URL' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  DATABASE_URL: databaseUrl.optional(),
  MIGRATION_DATABASE_URL: databaseUrl.optional(),
  HTTP_PORT: port.default(8080),
  RTMP_PORT: port.default(1935),
  API_PORT: port.default(3000),
  HOOKS_PORT: port.default(3001),
  INTERNAL_HTTP_PORT: port.default(8090),
  INTERNAL_RTMP_PORT: port.default(19350),
  HTTP_ADDRESS: ipAddress.optional(),
  RTMP_ADDRESS: ipAddress.optional(),
  LISTEN_ADDRESS: ipAddress.default('127.0.0.1'),
  TLS_CERT: path.optional(),
  TLS_KEY: path.optional(),
  HTTPS_PORT: port.default(8443),
  RTMPS_PORT: port.default(1936),
  ACME_WEBROOT: path.optional(),
  HSTS_MAX_AGE: z.coerce
    .number('must be a number of seconds')
    .int('must be a whole number of seconds')
    .min(0, 'must be 0 (off) or more seconds')
    .max(MAX_HSTS_SECONDS, `must be at most ${MAX_HSTS_SECONDS} seconds`)
    .default(0),
  NGINX_URL: httpUrl.optional(),
  CONTROL_URL: httpUrl.optional(),
  INTERNAL_HOSTS: list
    .refine(
      (names) => names.every((name) => /^[A-Za-z0-9._-]+$/.test(name)),
      'must be a comma-separated list of host names, without ports',
    )
    .default([]),
  HLS_DIR: path.default('/tmp/hls'),
  DASH_DIR: path.default('/tmp/dash'),
  DATA_DIR: path.default('.data'),
  MEDIA_SOCKET: path.optional(),
  STREAM_KEY_TTL: seconds.default(600),
  RECONNECT_WINDOW: seconds.default(60),
  STREAM_CREATION: z.enum(['open', 'token'], 'must be open or token').default('open'),
  CREATE_RATE_LIMIT: wholeNumber.default(30),
  MAX_PUBLISHERS: wholeNumber.default(0),
  MAX_PUBLISHERS_PER_ADDRESS: wholeNumber.default(0),
  MAX_BITRATE: wholeNumber.default(0),
  MAX_DURATION: secondsOrForEver.default(0),
  HLS_MIN_FREE_BYTES: bytes.default(500_000_000),
  API_RATE_LIMIT: wholeNumber.default(500),
  MAX_READERS: wholeNumber.default(0),
  MAX_READERS_PER_ADDRESS: wholeNumber.default(1000),
  MAX_CONNECTIONS_PER_ADDRESS: wholeNumber.default(2000),
  MAX_RTMP_CONNECTIONS: wholeNumber.default(0),
  MAX_RTMP_CONNECTIONS_PER_ADDRESS: wholeNumber.default(200),
  TRUSTED_PROXIES: list
    .refine(
      (networks) => networks.every(isNetwork),
      'must be a comma-separated list of networks such as 10.0.0.0/8',
    )
    .default([]),
  EVENT_RETENTION: days.default(30),
  STREAM_RETENTION: daysOrForEver.default(90),
  RECORDINGS_DIR: path.optional(),
  RECORDINGS_MAX_AGE: days.optional(),
  RECORDINGS_MAX_BYTES: bytes.optional(),
  RECORDINGS_MIN_FREE_BYTES: bytes.default(1024 ** 3),
  RECORDINGS_PATIENCE: seconds.default(1800),
  S3_ENDPOINT: httpUrl.optional(),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a valid bucket name')
    .optional(),
  S3_REGION: z.string().min(1).default('us-east-1'),
  S3_PUBLIC_URL: httpUrl.optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  API_TOKENS: tokens.default([]),
  CREATE_TOKENS: tokens.default([]),
  CORS_ORIGINS: list
    .refine(
      (origins) => origins.every((origin) => origin === '*' || isOrigin(origin)),
      'must be * or a comma-separated list of origins such as https://example.com',
    )
    .optional(),
  RUN_AS: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,31}$/, "must be a system user's name")
    .optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  NODE_ID: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
    .optional(),
})

export const SETTING_NAMES: readonly string[] = Object.keys(Environment.shape)

function isNetwork(text: string): boolean {
  return z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]).safeParse(text).success
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text
}

/** The settings as given, each parsed, with the defaults that do not depend on other settings. */
export type Settings = z.output<typeof Environment>

export type ParsedEnvironment =
  | { readonly settings: Settings; readonly problems: null }
  /** One line for each wrong setting, beginning with its name; the values of secret ones are left out. */
  | { readonly settings: null; readonly problems: readonly string[] }

/** An empty value counts as not set, because compose files pass unset variables on as empty. */
export function parseEnvironment(env: NodeJS.ProcessEnv): ParsedEnvironment {
  const read = readSecretFiles(env)
  const given = Object.fromEntries(Object.entries(read.env).filter(([, value]) => value !== ''))
  const parsed = Environment.safeParse(given)
  const problems = [
    ...read.problems,
    ...(parsed.error?.issues.map(describeIssue) ?? []),
    ...contradictions(given),
  ]
  if (!parsed.success || problems.length > 0) return { settings: null, problems }
  return { settings: parsed.data, problems: null }
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.join('.') || 'environment'}: ${issue.message}`
}

/** Settings that are valid one by one but do not go together. */
function contradictions(given: Given): string[] {
  return [
    ...sharedPorts(given),
    ...incompleteTls(given),
    ...wrongMigrationUrl(given),
    ...wrongTokens(given),
    ...incompleteS3(given),
  ]
}

const PORTS = [
  'HTTP_PORT',
  'RTMP_PORT',
  'API_PORT',
  'HOOKS_PORT',
  'INTERNAL_HTTP_PORT',
  'INTERNAL_RTMP_PORT',
] as const
/** Nothing listens on these without a certificate. */
const TLS_PORTS = ['HTTPS_PORT', 'RTMPS_PORT'] as const

function sharedPorts(given: Given): string[] {
  const ports = given.TLS_CERT === undefined ? PORTS : [...PORTS, ...TLS_PORTS]
  // An invalid port is undefined here, and reported by itself.
  const numbers = new Map(
    ports.map((name) => [name, Environment.shape[name].safeParse(given[name]).data] as const),
  )
  return ports.flatMap((name, index) =>
    ports
      .slice(0, index)
      .filter((other) => numbers.get(name) !== undefined && numbers.get(other) === numbers.get(name))
      .map((other) => `${name}: ${numbers.get(name)} is also ${other}; each port needs its own number`),
  )
}

function incompleteTls({ TLS_CERT, TLS_KEY, HSTS_MAX_AGE }: Given): string[] {
  if ((TLS_CERT === undefined) !== (TLS_KEY === undefined)) {
    const [missing, other] = TLS_CERT === undefined ? ['TLS_CERT', 'TLS_KEY'] : ['TLS_KEY', 'TLS_CERT']
    return [`${missing}: must be set when ${other} is set`]
  }
  if (TLS_CERT !== undefined || !(Number(HSTS_MAX_AGE) > 0)) return []
  return ['HSTS_MAX_AGE: only has an effect over HTTPS; set TLS_CERT and TLS_KEY, or remove it']
}

function incompleteS3(given: Given): string[] {
  const { S3_BUCKET, S3_ENDPOINT, S3_PUBLIC_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = given
  if (S3_BUCKET === undefined) {
    const other = S3_ENDPOINT === undefined ? S3_PUBLIC_URL && 'S3_PUBLIC_URL' : 'S3_ENDPOINT'
    return other ? [`S3_BUCKET: must be set when ${other} is set`] : []
  }
  if ((AWS_ACCESS_KEY_ID === undefined) === (AWS_SECRET_ACCESS_KEY === undefined)) return []
  return ['AWS_ACCESS_KEY_ID: must be set together with AWS_SECRET_ACCESS_KEY']
}
