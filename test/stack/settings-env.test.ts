// The settings that nginx and control get from the stack mean the same as those the stack was started with.
import assert from 'node:assert/strict'
import { isAbsolute } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '../../apps/control/config.ts'
import { settingsEnv, withoutSecrets } from '../../apps/stack/settings-env.ts'

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
  assert.deepEqual(withoutSecrets({ ...secrets, HTTP_PORT: '8080' }), { HTTP_PORT: '8080' })
})
