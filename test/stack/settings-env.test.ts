// The settings that nginx and control get from the stack mean the same as those the stack was started with.
import assert from 'node:assert/strict'
import { isAbsolute } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '../../apps/control/config.ts'
import { commonEnv, settingsEnv, withoutSecrets } from '../../apps/stack/settings-env.ts'

test('settings keep their meaning when control reads them again', () => {
  for (const CORS_ORIGINS of ['', '*', ',', 'https://a.example, https://b.example']) {
    const config = readConfig({ CORS_ORIGINS, HTTP_PORT: '8081', DATA_DIR: 'data', NODE_ID: 'a' })
    const again = readConfig(settingsEnv(config))
    assert.deepEqual(again.corsOrigins, config.corsOrigins)
    assert.deepEqual(settingsEnv(again), settingsEnv(config))
    assert.ok(isAbsolute(again.recordingsDir), 'folders do not depend on the working directory')
  }
})

test('programs that are not OnAir’s own get no secret', () => {
  const secrets = {
    API_TOKENS_FILE: 'd',
    DATABASE_URL: 'a',
    API_TOKENS: 'b',
    CREATE_TOKENS: 'b',
    AWS_SECRET_ACCESS_KEY: 'c',
  }
  const others = { SOME_TOKEN: 'e', LC_ALL: 'C', PATH: '/bin', NGINX_RUN_DIR: '/run', TLS_DIR: '/tls' }
  const { SOME_TOKEN: _, ...wanted } = { ...others, HTTP_PORT: '8080' }
  assert.deepEqual(withoutSecrets({ ...secrets, ...others, HTTP_PORT: '8080' }), wanted)
  assert.deepEqual(commonEnv({ ...secrets, PATH: '/bin', HTTP_PORT: '8080' }), { PATH: '/bin' })
})
