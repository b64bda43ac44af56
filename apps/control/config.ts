// The settings: the only place that reads the environment. Every key is explained in .env.example.
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { Secret } from './domain/secret.ts'

/** setTimeout's range, and far beyond any use: 24 days. */
const MAX_SECONDS = 24 * 24 * 60 * 60

const PORT_RULE = 'must be a port number from 1 to 65535'
const port = z.coerce.number(PORT_RULE).int(PORT_RULE).min(1, PORT_RULE).max(65_535, PORT_RULE)
const seconds = z.coerce
  .number('must be a number of seconds')
  .positive('must be more than 0 seconds')
  .max(MAX_SECONDS)
const folder = z.string().min(1)
/** Playback URLs are made by appending to it; 200 characters leave room in the database's column. */
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
  .max(200, 'must have at most 200 characters')
  .refine((url) => !/[?#]/.test(url), 'must have no query and no fragment')
  .transform((url) => url.replace(/\/+$/, ''))
const databaseUrl = z
  .url({
    protocol: /^(mysql|mariadb)$/,
    error: 'must look like mysql://user:password@host:3306/database',
  })
  .refine((url) => !URL.canParse(url) || new URL(url).pathname.length > 1, 'names no database')
  .refine(isDecodable, 'has a % that stands for nothing; % itself is written %25')
const days = z.coerce.number('must be a number of days').positive('must be more than 0 days').max(36_500)
const daysOrForEver = z.coerce.number('must be a number of days').min(0, 'must be 0 or more days').max(36_500)
const bytes = z.coerce
  .number('must be a number of bytes')
  .int('must be a whole number of bytes')
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

const DAY_MS = 24 * 60 * 60 * 1000

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const Environment = z.object({
  PUBLIC_URL: httpUrl.optional(),
  RTMP_URL: z
    .url({ protocol: /^rtmps?$/, error: 'must be an rtmp:// URL' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  DATABASE_URL: databaseUrl.optional(),
  HTTP_PORT: port.default(8080),
  RTMP_PORT: port.default(1935),
  API_PORT: port.default(3000),
  HOOKS_PORT: port.default(3001),
  INTERNAL_HTTP_PORT: port.default(8090),
  INTERNAL_RTMP_PORT: port.default(19350),
  LISTEN_ADDRESS: z.union([z.ipv4(), z.ipv6()], 'must be an IP address').default('127.0.0.1'),
  NGINX_URL: httpUrl.optional(),
  CONTROL_URL: httpUrl.optional(),
  HLS_DIR: folder.default('/tmp/hls'),
  DASH_DIR: folder.default('/tmp/dash'),
  DATA_DIR: folder.default('.data'),
  STREAM_KEY_TTL: seconds.default(600),
  RECONNECT_WINDOW: seconds.default(60),
  STREAM_CREATION: z.enum(['open', 'token'], 'must be open or token').default('open'),
  CREATE_RATE_LIMIT: z.coerce.number().int('must be a whole number').min(0).max(1_000_000).default(30),
  EVENT_RETENTION: days.default(30),
  STREAM_RETENTION: daysOrForEver.default(90),
  RECORDINGS_DIR: folder.optional(),
  RECORDINGS_MAX_AGE: days.optional(),
  RECORDINGS_MAX_BYTES: bytes.optional(),
  RECORDINGS_MIN_FREE_BYTES: bytes.default(1024 ** 3),
  RECORDINGS_PATIENCE: seconds.default(1800),
  S3_ENDPOINT: httpUrl.optional(),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket’s name')
    .optional(),
  S3_REGION: z.string().min(1).default('us-east-1'),
  S3_PUBLIC_URL: httpUrl.optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  API_TOKENS: list.default([]),
  CORS_ORIGINS: list
    .refine(
      (origins) => origins.every((origin) => origin === '*' || isOrigin(origin)),
      'must be * or a comma-separated list of origins such as https://example.com',
    )
    .default(['*']),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  NODE_ID: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
    .optional(),
})

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url)
    return true
  } catch {
    return false
  }
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text
}

/** An S3-compatible store for recordings. */
export interface S3Config {
  /** Null: Amazon's own. */
  readonly endpoint: string | null
  readonly bucket: string
  readonly region: string
  /** Where anybody may read the bucket; null: nobody may, and links are signed. */
  readonly publicUrl: string | null
  /** Null: the SDK looks for credentials where it always does (a role, a profile). */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: Secret } | null
}

/** What the settings come to once defaults that follow other settings are filled in. */
export interface Config {
  /** Absolute, without a trailing slash; every URL in an answer starts with it. */
  readonly publicUrl: string
  /** Where encoders publish, without the key. */
  readonly rtmpUrl: string
  /** Undefined: whoever starts control has to say (npm start then brings its own database). */
  readonly databaseUrl: Secret | undefined
  readonly httpPort: number
  readonly rtmpPort: number
  readonly apiPort: number
  readonly hooksPort: number
  readonly internalHttpPort: number
  readonly internalRtmpPort: number
  readonly listenAddress: string
  /** nginx's internal HTTP server, as control reaches it. */
  readonly nginxUrl: string
  /** Control's public API, as nginx reaches it. */
  readonly controlUrl: string
  readonly hlsDir: string
  readonly dashDir: string
  readonly dataDir: string
  readonly streamKeyTtlMs: number
  readonly reconnectWindowMs: number
  readonly streamCreation: 'open' | 'token'
  /** Creations a minute and client address; 0: no limit. */
  readonly createRateLimit: number
  readonly eventRetentionMs: number
  /** How long ended streams without a recording are remembered; null: for ever. */
  readonly streamRetentionMs: number | null
  /** Where recordings are kept, or are put together on their way to S3. */
  readonly recordingsDir: string
  /** Null: for ever. */
  readonly recordingsMaxAgeMs: number | null
  /** Null: no limit. */
  readonly recordingsMaxBytes: number | null
  /** A disk with less room than this takes no more recordings. */
  readonly recordingsMinFreeBytes: number
  /** How long their storage may fail before a recording is given up. */
  readonly recordingsPatienceMs: number
  /** Null: recordings stay in the folder. */
  readonly s3: S3Config | null
  readonly apiTokens: readonly Secret[]
  readonly corsOrigins: readonly string[]
  readonly logLevel: (typeof LOG_LEVELS)[number]
  readonly nodeId: string
}

/** One error that names every wrong setting, fit to be printed as it is. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * Reads the settings. An empty value counts as not set, as compose files pass them on.
 * @throws ConfigError listing every wrong setting, without the values of secret ones
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = Environment.safeParse(given)
  const problems = [...(parsed.error?.issues.map(describeIssue) ?? []), ...contradictions(given)]
  if (!parsed.success || problems.length > 0) {
    throw new ConfigError(
      `OnAir can't start: these settings are wrong (see .env.example)\n${problems.map((line) => `  ${line}`).join('\n')}`,
    )
  }
  const e = parsed.data
  return {
    publicUrl: e.PUBLIC_URL ?? `http://localhost:${e.HTTP_PORT}`,
    rtmpUrl: e.RTMP_URL ?? `rtmp://localhost:${e.RTMP_PORT}/live`,
    databaseUrl: e.DATABASE_URL === undefined ? undefined : new Secret(e.DATABASE_URL),
    httpPort: e.HTTP_PORT,
    rtmpPort: e.RTMP_PORT,
    apiPort: e.API_PORT,
    hooksPort: e.HOOKS_PORT,
    internalHttpPort: e.INTERNAL_HTTP_PORT,
    internalRtmpPort: e.INTERNAL_RTMP_PORT,
    listenAddress: e.LISTEN_ADDRESS,
    nginxUrl: e.NGINX_URL ?? `http://127.0.0.1:${e.INTERNAL_HTTP_PORT}`,
    controlUrl: e.CONTROL_URL ?? `http://127.0.0.1:${e.API_PORT}`,
    hlsDir: e.HLS_DIR,
    dashDir: e.DASH_DIR,
    dataDir: e.DATA_DIR,
    streamKeyTtlMs: e.STREAM_KEY_TTL * 1000,
    reconnectWindowMs: e.RECONNECT_WINDOW * 1000,
    streamCreation: e.STREAM_CREATION,
    createRateLimit: e.CREATE_RATE_LIMIT,
    eventRetentionMs: e.EVENT_RETENTION * DAY_MS,
    streamRetentionMs: e.STREAM_RETENTION === 0 ? null : e.STREAM_RETENTION * DAY_MS,
    recordingsDir: e.RECORDINGS_DIR ?? join(e.DATA_DIR, 'recordings'),
    recordingsMaxAgeMs: e.RECORDINGS_MAX_AGE === undefined ? null : e.RECORDINGS_MAX_AGE * DAY_MS,
    recordingsMaxBytes: e.RECORDINGS_MAX_BYTES ?? null,
    recordingsMinFreeBytes: e.RECORDINGS_MIN_FREE_BYTES,
    recordingsPatienceMs: e.RECORDINGS_PATIENCE * 1000,
    s3: readS3(e),
    apiTokens: e.API_TOKENS.map((token) => new Secret(token)),
    corsOrigins: e.CORS_ORIGINS,
    logLevel: e.LOG_LEVEL,
    nodeId:
      e.NODE_ID ??
      hostname()
        .replace(/[^A-Za-z0-9._-]/g, '-')
        .slice(0, 64),
  }
}

function readS3(e: z.output<typeof Environment>): S3Config | null {
  if (e.S3_BUCKET === undefined) return null
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secret } = e
  return {
    endpoint: e.S3_ENDPOINT ?? null,
    bucket: e.S3_BUCKET,
    region: e.S3_REGION,
    publicUrl: e.S3_PUBLIC_URL ?? null,
    credentials:
      accessKeyId === undefined || secret === undefined
        ? null
        : { accessKeyId, secretAccessKey: new Secret(secret) },
  }
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.join('.') || 'environment'}: ${issue.message}`
}

const PORTS = [
  'HTTP_PORT',
  'RTMP_PORT',
  'API_PORT',
  'HOOKS_PORT',
  'INTERNAL_HTTP_PORT',
  'INTERNAL_RTMP_PORT',
] as const

/** Settings that are fine by themselves but not together. What is wrong by itself is named elsewhere. */
function contradictions(given: Readonly<Record<string, string | undefined>>): string[] {
  const numbers = new Map(
    PORTS.map((name) => [name, Environment.shape[name].safeParse(given[name]).data] as const),
  )
  const clashes = PORTS.flatMap((name, index) =>
    PORTS.slice(0, index)
      .filter((other) => numbers.get(name) !== undefined && numbers.get(other) === numbers.get(name))
      .map((other) => `${name}: ${numbers.get(name)} is ${other} as well; each port needs its own number`),
  )
  const nobodyMayCreate = given.STREAM_CREATION === 'token' && list.parse(given.API_TOKENS ?? '').length === 0
  if (nobodyMayCreate)
    clashes.push('API_TOKENS: with STREAM_CREATION=token nobody can create a stream without one')
  return [...clashes, ...halfOfS3(given)]
}

function halfOfS3(given: Readonly<Record<string, string | undefined>>): string[] {
  const { S3_BUCKET, S3_ENDPOINT, S3_PUBLIC_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = given
  if (S3_BUCKET === undefined) {
    const lonely = S3_ENDPOINT === undefined ? S3_PUBLIC_URL && 'S3_PUBLIC_URL' : 'S3_ENDPOINT'
    return lonely ? [`S3_BUCKET: is not set, though ${lonely} is`] : []
  }
  if ((AWS_ACCESS_KEY_ID === undefined) === (AWS_SECRET_ACCESS_KEY === undefined)) return []
  return ['AWS_ACCESS_KEY_ID: has to be set together with AWS_SECRET_ACCESS_KEY']
}
