// The settings as environment variables, with every default filled in: what nginx/start.sh requires, and
// what control is to see in the same way as the stack. Also removes secrets from an environment.
import { resolve } from 'node:path'
import { type Config, SECRET_SETTINGS, SETTING_NAMES } from '../control/config.ts'

/** Folders are absolute, so that they do not depend on the working directory of the process that reads them. */
export function settingsEnv(config: Config): Record<string, string> {
  return {
    PUBLIC_URL: config.publicUrl,
    RTMP_URL: config.rtmpUrl,
    HTTP_PORT: `${config.httpPort}`,
    RTMP_PORT: `${config.rtmpPort}`,
    API_PORT: `${config.apiPort}`,
    HOOKS_PORT: `${config.hooksPort}`,
    INTERNAL_HTTP_PORT: `${config.internalHttpPort}`,
    INTERNAL_RTMP_PORT: `${config.internalRtmpPort}`,
    HTTP_ADDRESS: config.httpAddress ?? '',
    RTMP_ADDRESS: config.rtmpAddress ?? '',
    LISTEN_ADDRESS: config.listenAddress,
    TLS_CERT: config.tls === null ? '' : resolve(config.tls.certFile),
    TLS_KEY: config.tls === null ? '' : resolve(config.tls.keyFile),
    HTTPS_PORT: `${config.httpsPort}`,
    RTMPS_PORT: `${config.rtmpsPort}`,
    ACME_WEBROOT: config.acmeWebroot === null ? '' : resolve(config.acmeWebroot),
    HSTS_MAX_AGE: `${config.hstsMaxAgeS}`,
    API_RATE_LIMIT: `${config.clientLimits.apiRate}`,
    MAX_READERS: `${config.clientLimits.readers}`,
    MAX_READERS_PER_ADDRESS: `${config.clientLimits.readersPerAddress}`,
    MAX_CONNECTIONS_PER_ADDRESS: `${config.clientLimits.connectionsPerAddress}`,
    MAX_RTMP_CONNECTIONS: `${config.clientLimits.rtmpConnections}`,
    MAX_RTMP_CONNECTIONS_PER_ADDRESS: `${config.clientLimits.rtmpConnectionsPerAddress}`,
    TRUSTED_PROXIES: config.trustedProxies.join(','),
    NGINX_URL: config.nginxUrl,
    CONTROL_URL: config.controlUrl,
    // A lone comma is an empty list; an empty value counts as not set.
    CORS_ORIGINS: config.corsOrigins === null ? '' : config.corsOrigins.join(',') || ',',
    INTERNAL_HOSTS: config.internalHosts.join(','),
    HLS_DIR: resolve(config.hlsDir),
    DASH_DIR: resolve(config.dashDir),
    DATA_DIR: resolve(config.dataDir),
    MEDIA_SOCKET: resolve(config.mediaSocket),
    RECORDINGS_DIR: resolve(config.recordingsDir),
    LOG_LEVEL: config.logLevel,
    NODE_ID: config.nodeId,
  }
}

/** What any program may need to know of the machine and of its user. */
const COMMON = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|NODE_ENV|NODE_OPTIONS)$/
/** What nginx's script takes beside the settings. */
const OF_NGINX = /^(NGINX_[A-Z_]+|TLS_DIR|WEB_ROOT)$/
const SETTINGS = new Set<string>(
  SETTING_NAMES.filter((name) => !(SECRET_SETTINGS as readonly string[]).includes(name)),
)

/** The environment for programs that need no setting, or are given theirs by name. */
export function commonEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => COMMON.test(name)))
}

/** The environment for programs that need none of the secrets. What is not named here is not handed on. */
export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const settings = Object.entries(env).filter(([name]) => SETTINGS.has(name) || OF_NGINX.test(name))
  return { ...commonEnv(env), ...Object.fromEntries(settings) }
}
