// Media under npm start: it is started again when it dies, and no child but control has a secret.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { processesOf } from '../support/leftovers.ts'
import { TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const TOKEN = 'a-token-that-only-control-may-know'
let stack: TestStack
let hasEnded = false
before(async () => {
  stack = await TestStack.start({ API_TOKENS: TOKEN, AWS_SECRET_ACCESS_KEY: TOKEN, AWS_ACCESS_KEY_ID: 'a' })
})
after(() => (hasEnded ? undefined : stack[Symbol.asyncDispose]()))

const environmentOf = (pid: number | undefined) => readFile(`/proc/${pid}/environ`, 'utf8')

test('media and nginx have no secret in their environment', async () => {
  const database = stack.database.url.reveal()
  assert.ok((await environmentOf(stack.pidOf('control'))).includes(TOKEN))
  for (const program of ['media', 'nginx-master', 'nginx-worker', 'public-nginx-master'] as const) {
    const environment = await environmentOf(stack.pidOf(program))
    assert.ok(!environment.includes(TOKEN) && !environment.includes(database), program)
  }
  const names = (await environmentOf(stack.pidOf('media'))).split('\0').map((entry) => entry.split('=')[0])
  const settings = ['HLS_DIR', 'LOG_LEVEL', 'MEDIA_SOCKET', 'RECORDINGS_DIR']
  const own = names.filter(
    (name) => settings.includes(name ?? '') || /URL|PORT|TOKEN|DATABASE|AWS/.test(name ?? ''),
  )
  assert.deepEqual(own.sort(), settings)
})

test('media that was killed is started again', async () => {
  const first = stack.pidOf('media') ?? assert.fail()
  process.kill(first, 'SIGKILL')
  const second = await until('another media', () => {
    const pid = stack.pidOf('media')
    return pid !== first && pid
  })
  assert.ok((await environmentOf(second)).includes('MEDIA_SOCKET'))
  await until('its log', () => stack.output.split('ffmpeg runs').length === 3)
  assert.ok(await stack.isReady())
})

test('media ends with the stack', async () => {
  const { folder } = stack
  hasEnded = true
  await stack[Symbol.asyncDispose]()
  assert.deepEqual(processesOf(folder), [])
})
