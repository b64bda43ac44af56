// The settings as environment variables, with every default filled in, for nginx and control.
import { resolve } from 'node:path'
import type { Config } from '../control/config.ts'

/** Folders are absolute: the children need not share the stack's working directory. */
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
    LISTEN_ADDRESS: config.listenAddress,
    NGINX_URL: config.nginxUrl,
    CONTROL_URL: config.controlUrl,
    HLS_DIR: resolve(config.hlsDir),
    DASH_DIR: resolve(config.dashDir),
    DATA_DIR: resolve(config.dataDir),
    RECORDINGS_DIR: resolve(config.recordingsDir),
    LOG_LEVEL: config.logLevel,
    NODE_ID: config.nodeId,
  }
}

/** What programs that are not OnAir's have no business to know. */
export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { DATABASE_URL: _url, API_TOKENS: _tokens, AWS_SECRET_ACCESS_KEY: _key, ...rest } = env
  return rest
}
