// The settings as environment variables, with every default filled in: what nginx/start.sh requires, and
// what control is to see in the same way as the stack. Also removes secrets from an environment.
import { resolve } from 'node:path'
import { type Config, SECRET_SETTINGS } from '../control/config.ts'

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
    NGINX_URL: config.nginxUrl,
    CONTROL_URL: config.controlUrl,
    // A lone comma is an empty list; an empty value counts as not set.
    CORS_ORIGINS: config.corsOrigins === null ? '' : config.corsOrigins.join(',') || ',',
    INTERNAL_HOSTS: config.internalHosts.join(','),
    HLS_DIR: resolve(config.hlsDir),
    DASH_DIR: resolve(config.dashDir),
    DATA_DIR: resolve(config.dataDir),
    RECORDINGS_DIR: resolve(config.recordingsDir),
    LOG_LEVEL: config.logLevel,
    NODE_ID: config.nodeId,
  }
}

/** The environment for programs that are not OnAir's own and need none of its secrets. */
export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const secrets = new Set<string>(SECRET_SETTINGS.flatMap((name) => [name, `${name}_FILE`]))
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secrets.has(name)))
}
