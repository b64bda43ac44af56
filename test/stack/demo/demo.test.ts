// npm run demo, against a real OnAir with a real encoder.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { suite, test } from 'node:test'
import { withParentDeathSignal } from '../../../apps/stack/supervision/parent-death-signal.ts'
import { freePorts } from '../../support/ports.ts'
import { TestStack } from '../../support/stack.ts'
import { until } from '../../support/until.ts'

const DEMO = resolve(import.meta.dirname, '../../../apps/stack/demo/demo.ts')

function startDemo(settings: Record<string, string>) {
  const [program, ...args] = withParentDeathSignal(process.execPath, DEMO)
  const demo = spawn(program, args, {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const pipe of [demo.stdout, demo.stderr]) {
    pipe.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return { demo, output: () => output, [Symbol.dispose]: () => demo.kill('SIGKILL') }
}

suite('the demo', () => {
  test('says how to start OnAir when there is none', async () => {
    const [port] = await freePorts(1)
    using running = startDemo({ PUBLIC_URL: `http://127.0.0.1:${port}` })
    const { demo, output } = running
    const [code] = await once(demo, 'exit')
    assert.equal(code, 1)
    assert.match(output(), /npm start\n$/)
    assert.doesNotMatch(output(), /\n {4}at /)
  })

  test('publishes, prints the watch URL and each event, and ends the stream on Ctrl-C', async () => {
    await using stack = await TestStack.start()
    using running = startDemo({ PUBLIC_URL: stack.url })
    const { demo, output } = running
    await until('the stream to be live', () => output().includes('stream.live'), 40_000)
    const [, id = ''] = output().match(new RegExp(`${stack.url}/watch/([a-z0-9]+)`)) ?? []
    assert.equal((await stack.stream(id)).status, 'live')
    demo.kill('SIGINT')
    const [code] = await once(demo, 'exit')
    assert.equal(code, 0)
    const stream = await stack.stream(id)
    assert.equal(stream.endReason, 'ended_by_owner')
    assert.match(output(), /created.*connecting.*live.*stream\.ended {2}\(ended_by_owner\)/s)
    assert.doesNotMatch(output(), /live_[A-Za-z0-9]/, 'the stream key is not printed')
  })

  test('reconnects by itself when the connection is lost', async () => {
    await using stack = await TestStack.start()
    using running = startDemo({ PUBLIC_URL: stack.url })
    const { demo, output } = running
    await until('the stream to be live', () => output().includes('stream.live'), 40_000)
    const [, id] = output().match(/watch\/([a-z0-9]+)/) ?? []
    const drop = `${stack.internalUrl}/control/drop/publisher?app=live&name=${id}`
    assert.equal((await fetch(drop)).status, 200)
    await until('it to be live again', () => output().includes('(resumed)'), 40_000)
    assert.match(output(), /connection was lost .*; trying again/)
    assert.doesNotMatch(output(), /live_[A-Za-z0-9]/, 'not in ffmpeg’s messages either')
    demo.kill('SIGTERM')
    await once(demo, 'exit')
  })
})
