// The settings as the rest of control uses them. This is the only place that reads the environment.
// Long because every setting has its line twice, as a type and as a value.
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type FolderUser, unsafeFolders } from './common/folder-owner.ts'
import type { PublisherLimits } from './domain/limits.ts'
import { Secret } from './domain/secret.ts'

import { type LOG_LEVELS, parseEnvironment, type Settings } from './environment.ts'

export { SETTING_NAMES } from './environment.ts'
export { readSecretFiles, SECRET_SETTINGS } from './secret-files.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** An S3-compatible store for recordings. */
export interface S3Config {
  /** Null: Amazon S3 itself. */
  readonly endpoint: string | null
  readonly bucket: string
  readonly region: string
  /** Where the bucket can be read by everybody; null: nowhere, so links to its files are signed. */
  readonly publicUrl: string | null
  /** Null: the SDK finds credentials by itself (a role, a profile). */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: Secret } | null
}

/** PEM files; relative paths start at the working directory. */
export interface TlsFiles {
  /** The certificate, followed by those of the authorities between it and the root. */
  readonly certFile: string
  readonly keyFile: string
}

/** 0: no limit. */
export interface ClientLimits {
  /** Requests to the API from one address, a second. */
  readonly apiRate: number
  /** Readers of events; 0: as many as nginx's and control's file descriptors allow. */
  readonly readers: number
  readonly readersPerAddress: number
  /** Requests of one address that are being answered at the same time, event readers not counted. */
  readonly connectionsPerAddress: number
  /** Connections to RTMP_PORT and RTMPS_PORT; 0: as many as leave room for hooks. */
  readonly rtmpConnections: number
  readonly rtmpConnectionsPerAddress: number
}

/** The settings, with every default filled in. */
export interface Config {
  /** Absolute, without a trailing slash; every URL in an answer starts with it. */
  readonly publicUrl: string
  /** Where encoders publish, without the key. */
  readonly rtmpUrl: string
  /** Undefined: not set. `npm start` then runs a database of its own; control alone refuses to start. */
  readonly databaseUrl: Secret | undefined
  /** Another user of the same database, who applies the migrations; undefined: DATABASE_URL's does. */
  readonly migrationDatabaseUrl: Secret | undefined
  readonly httpPort: number
  readonly rtmpPort: number
  readonly apiPort: number
  readonly hooksPort: number
  readonly internalHttpPort: number
  readonly internalRtmpPort: number
  /** Where HTTP_PORT and HTTPS_PORT listen; null: on every address. */
  readonly httpAddress: string | null
  /** Where RTMP_PORT and RTMPS_PORT listen; null: on every address. */
  readonly rtmpAddress: string | null
  readonly listenAddress: string
  /** Null: nginx offers neither HTTPS nor RTMPS, and httpsPort and rtmpsPort are not used. */
  readonly tls: TlsFiles | null
  readonly httpsPort: number
  readonly rtmpsPort: number
  /** The folder for an ACME client's answers to challenges; null: none. */
  readonly acmeWebroot: string | null
  /** 0: no Strict-Transport-Security header. */
  readonly hstsMaxAgeS: number
  /** nginx's internal HTTP server, as control reaches it. */
  readonly nginxUrl: string
  /** Control's public API, as nginx reaches it. */
  readonly controlUrl: string
  /** Host names under which the internal ports may be asked, in lower case: those of both URLs, and INTERNAL_HOSTS. */
  readonly internalHosts: readonly string[]
  readonly hlsDir: string
  readonly dashDir: string
  readonly dataDir: string
  /** The Unix socket at which media answers control. */
  readonly mediaSocket: string
  readonly streamKeyTtlMs: number
  readonly reconnectWindowMs: number
  readonly streamCreation: 'open' | 'token'
  /** Streams that one client address may create in a minute; 0: no limit. */
  readonly createRateLimit: number
  readonly publisherLimits: PublisherLimits
  /** What one client address, and all of them, may use of nginx. */
  readonly clientLimits: ClientLimits
  /** Networks of proxies whose X-Forwarded-For says who the client is. */
  readonly trustedProxies: readonly string[]
  readonly eventRetentionMs: number
  /** How long ended streams without a recording are stored; null: without a limit. */
  readonly streamRetentionMs: number | null
  /** Where recordings are stored; with S3, where files are made before they are uploaded. */
  readonly recordingsDir: string
  /** Null: recordings are never removed for their age. */
  readonly recordingsMaxAgeMs: number | null
  /** How much all recordings together may take; null: no limit. */
  readonly recordingsMaxBytes: number | null
  /** With less than this free on its disk, a recording stops. */
  readonly recordingsMinFreeBytes: number
  /** How long its storage may fail before a recording fails. */
  readonly recordingsPatienceMs: number
  /** Null: recordings are stored in `recordingsDir`. */
  readonly s3: S3Config | null
  /** Those of operators. */
  readonly apiTokens: readonly Secret[]
  /** Those that may create streams, and nothing else. */
  readonly createTokens: readonly Secret[]
  /** Null: not set. Reading is open to all, and changing to PUBLIC_URL's origin. */
  readonly corsOrigins: readonly string[] | null
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** The system user that `npm start` runs everything as when root calls it; null: the stack's default. */
  readonly runAs: string | null
  /** This node's name in the database; no other node may have the same. */
  readonly nodeId: string
}

/** Names every wrong setting, without the values of secret ones; its message can be printed as it is. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  /** One line for each wrong setting, beginning with its name. */
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    const lines = problems.map((line) => `  ${line}`).join('\n')
    super(`OnAir can't start: these settings are wrong (see .env.example)\n${lines}`)
    this.problems = problems
  }
}

/** @throws ConfigError when a folder that exists is not safe to work in */
export function requireSafeFolders(config: Config, user?: FolderUser): void {
  const { hlsDir, dashDir, dataDir, recordingsDir } = config
  const problems = unsafeFolders(
    { HLS_DIR: hlsDir, DASH_DIR: dashDir, DATA_DIR: dataDir, RECORDINGS_DIR: recordingsDir },
    user,
  )
  if (problems.length > 0) throw new ConfigError(problems)
}

/** @throws ConfigError */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const { settings: e, problems } = parseEnvironment(env)
  if (problems !== null) throw new ConfigError(problems)
  const tls = readTls(e)
  const [http, rtmp] =
    tls === null
      ? [`http://localhost:${e.HTTP_PORT}`, `rtmp://localhost:${e.RTMP_PORT}/live`]
      : [`https://localhost:${e.HTTPS_PORT}`, `rtmps://localhost:${e.RTMPS_PORT}/live`]
  return {
    publicUrl: e.PUBLIC_URL ?? http,
    rtmpUrl: e.RTMP_URL ?? rtmp,
    databaseUrl: e.DATABASE_URL === undefined ? undefined : new Secret(e.DATABASE_URL),
    migrationDatabaseUrl:
      e.MIGRATION_DATABASE_URL === undefined ? undefined : new Secret(e.MIGRATION_DATABASE_URL),
    httpPort: e.HTTP_PORT,
    rtmpPort: e.RTMP_PORT,
    apiPort: e.API_PORT,
    hooksPort: e.HOOKS_PORT,
    internalHttpPort: e.INTERNAL_HTTP_PORT,
    internalRtmpPort: e.INTERNAL_RTMP_PORT,
    httpAddress: e.HTTP_ADDRESS ?? null,
    rtmpAddress: e.RTMP_ADDRESS ?? null,
    listenAddress: e.LISTEN_ADDRESS,
    tls,
    httpsPort: e.HTTPS_PORT,
    rtmpsPort: e.RTMPS_PORT,
    acmeWebroot: e.ACME_WEBROOT ?? null,
    hstsMaxAgeS: e.HSTS_MAX_AGE,
    nginxUrl: e.NGINX_URL ?? `http://127.0.0.1:${e.INTERNAL_HTTP_PORT}`,
    controlUrl: e.CONTROL_URL ?? `http://127.0.0.1:${e.API_PORT}`,
    internalHosts: readInternalHosts(e),
    hlsDir: e.HLS_DIR,
    dashDir: e.DASH_DIR,
    dataDir: e.DATA_DIR,
    mediaSocket: e.MEDIA_SOCKET ?? join(e.DATA_DIR, 'run', 'media.sock'),
    streamKeyTtlMs: e.STREAM_KEY_TTL * 1000,
    reconnectWindowMs: e.RECONNECT_WINDOW * 1000,
    streamCreation: e.STREAM_CREATION,
    createRateLimit: e.CREATE_RATE_LIMIT,
    publisherLimits: {
      publishers: e.MAX_PUBLISHERS,
      publishersPerAddress: e.MAX_PUBLISHERS_PER_ADDRESS,
      bitrateKbits: e.MAX_BITRATE,
      durationMs: e.MAX_DURATION * 1000,
      minFreeBytes: e.HLS_MIN_FREE_BYTES,
    },
    clientLimits: {
      apiRate: e.API_RATE_LIMIT,
      readers: e.MAX_READERS,
      readersPerAddress: e.MAX_READERS_PER_ADDRESS,
      connectionsPerAddress: e.MAX_CONNECTIONS_PER_ADDRESS,
      rtmpConnections: e.MAX_RTMP_CONNECTIONS,
      rtmpConnectionsPerAddress: e.MAX_RTMP_CONNECTIONS_PER_ADDRESS,
    },
    trustedProxies: e.TRUSTED_PROXIES,
    eventRetentionMs: e.EVENT_RETENTION * DAY_MS,
    streamRetentionMs: e.STREAM_RETENTION === 0 ? null : e.STREAM_RETENTION * DAY_MS,
    recordingsDir: e.RECORDINGS_DIR ?? join(e.DATA_DIR, 'recordings'),
    recordingsMaxAgeMs: e.RECORDINGS_MAX_AGE === undefined ? null : e.RECORDINGS_MAX_AGE * DAY_MS,
    recordingsMaxBytes: e.RECORDINGS_MAX_BYTES ?? null,
    recordingsMinFreeBytes: e.RECORDINGS_MIN_FREE_BYTES,
    recordingsPatienceMs: e.RECORDINGS_PATIENCE * 1000,
    s3: readS3(e),
    apiTokens: e.API_TOKENS.map((token) => new Secret(token)),
    createTokens: e.CREATE_TOKENS.map((token) => new Secret(token)),
    corsOrigins: e.CORS_ORIGINS ?? null,
    logLevel: e.LOG_LEVEL,
    runAs: e.RUN_AS ?? null,
    nodeId:
      e.NODE_ID ??
      hostname()
        .replace(/[^A-Za-z0-9._-]/g, '-')
        .slice(0, 64),
  }
}

function readTls({ TLS_CERT, TLS_KEY }: Settings): TlsFiles | null {
  return TLS_CERT === undefined || TLS_KEY === undefined ? null : { certFile: TLS_CERT, keyFile: TLS_KEY }
}

function readInternalHosts({ NGINX_URL, CONTROL_URL, INTERNAL_HOSTS }: Settings): string[] {
  const urls = [NGINX_URL, CONTROL_URL].flatMap((url) => (url === undefined ? [] : [new URL(url).hostname]))
  const names = [...urls, ...INTERNAL_HOSTS].map((name) => name.toLowerCase())
  return [...new Set(names)].filter((name) => !name.startsWith('[') && isIP(name) === 0)
}

function readS3(e: Settings): S3Config | null {
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
