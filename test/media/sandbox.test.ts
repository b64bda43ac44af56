// What strangers publish makes ffmpeg read nothing but itself: no other file, no address, no secret.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Ffmpeg } from '../../apps/media/ffmpeg.ts'
import { makeMp4 } from '../../apps/media/mp4.ts'
import { SANDBOXES, type Sandbox } from '../../apps/media/sandbox.ts'
import { firstFrame, lastFrame } from '../../apps/media/still-image.ts'
import { treeOf } from '../support/peak-memory.ts'
import { twoColours } from '../support/segments.ts'
import { until } from '../support/until.ts'

const PATH = process.env.PATH ?? ''
const OPTIONS = { signal: new AbortController().signal, timeoutMs: 10_000 }
const ffmpeg = new Ffmpeg(PATH)
let folder: string
/** A segment that belongs to somebody else. */
let secret: string
let server: Server
let connections = 0
let port: number

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-'))
  await mkdir(join(folder, 'mine'))
  await mkdir(join(folder, 'work'))
  await mkdir(join(folder, 'others'))
  secret = join(folder, 'others', 'secret.ts')
  const colours = { size: '320x180', rate: 5, redS: 1, blueS: 1, keyframeEvery: 5 }
  execFileSync('ffmpeg', [...twoColours(colours), secret])
  server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
  await ffmpeg.start()
})
after(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

/** Lists that refer to what their publisher may not read. */
function maliciousLists(): string[] {
  const targets = [`http://127.0.0.1:${port}/x.ts`, `tcp://127.0.0.1:${port}`, `file://${secret}`, secret]
  return targets.flatMap((target) => [
    `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${target}\n#EXT-X-ENDLIST\n`,
    `ffconcat version 1.0\nfile '${target}'\n`,
  ])
}

for (const sandbox of SANDBOXES) {
  test(`a list in a segment’s place gives nothing (${sandbox.name.split(':')[0]})`, async () => {
    const inside = new Ffmpeg(PATH)
    if ((await inside.use(sandbox)) !== null)
      // On a machine that forbids namespaces; the weaker protections are tested all the same.
      return assert.notEqual(sandbox, SANDBOXES.at(-1))
    for (const [index, text] of maliciousLists().entries()) {
      const path = join(folder, 'mine', `${index}.ts`)
      await writeFile(path, text)
      await assert.rejects(lastFrame(path, { ...OPTIONS, ffmpeg: inside }))
      await assert.rejects(firstFrame(path, { ...OPTIONS, ffmpeg: inside }))
      const segments = [[{ path, durationMs: 2_000 }]]
      const mp4 = makeMp4(segments, join(folder, 'work'), { ...OPTIONS, ffmpeg: inside })
      await assert.rejects(mp4, /^Error: a segment is not MPEG-TS$/)
    }
    assert.equal(connections, 0)
  })
}

async function works(sandbox: Sandbox): Promise<Ffmpeg | null> {
  const inside = new Ffmpeg(PATH)
  return (await inside.use(sandbox)) === null ? inside : null
}

test('even an ffmpeg that is told to cannot reach the network', async () => {
  const url = `http://127.0.0.1:${port}/x.ts`
  const told = ['-protocol_whitelist', 'file,http,tcp', '-i', url, '-f', 'null', '-']
  for (const sandbox of SANDBOXES.slice(0, -1)) {
    const inside = await works(sandbox)
    if (inside === null) continue
    await assert.rejects(inside.run('ffmpeg', told, OPTIONS), /Network is unreachable|Connection refused/)
    assert.equal(connections, 0)
  }
})

test('with bubblewrap, even an ffmpeg that is told to cannot read or write other files', async (t) => {
  const [bubblewrap] = SANDBOXES
  const inside = bubblewrap === undefined ? null : await works(bubblewrap)
  if (inside === null) return t.skip('bubblewrap does not work on this machine')
  const access = { read: [join(folder, 'mine')], write: [join(folder, 'work')] }
  const copy = ['-f', 'null', '-']
  await assert.rejects(inside.run('ffmpeg', ['-i', secret, ...copy], { ...OPTIONS, access }), /No such file/)
  const data = ['-f', 'data', '-map', '0', '-c', 'copy', 'pipe:1']
  for (const path of ['/etc/passwd', '/proc/1/environ'])
    await assert.rejects(inside.run('ffmpeg', ['-f', 'data', '-i', path, ...data], OPTIONS), /No such file/)
  const written = join(folder, 'others', 'written.ts')
  const picture = ['-f', 'lavfi', '-i', 'color=d=1', '-f', 'mpegts', written]
  await assert.rejects(inside.run('ffmpeg', picture, { ...OPTIONS, access }), /No such file|Read-only/)
})

test('a running ffmpeg has no secret in its environment, and dies when it is no longer wanted', async () => {
  process.env.API_TOKENS = 'a-token-that-nobody-may-see'
  const abort = new AbortController()
  const endless = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=5', '-f', 'null', '-']
  const running = ffmpeg.run('ffmpeg', endless, { signal: abort.signal, timeoutMs: 60_000 })
  running.catch(() => {})
  const programs = () => treeOf([process.pid]).filter((pid) => pid !== process.pid)
  const nameOf = async (pid: number) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  try {
    await until('ffmpeg to run', async () => {
      const names = await Promise.all(programs().map(nameOf))
      return names.includes('ffmpeg\n')
    })
    for (const pid of programs()) {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
      assert.doesNotMatch(environment, /API_TOKENS|nobody-may-see/)
      assert.match(await readFile(`/proc/${pid}/stat`, 'utf8'), /^(\S+ ){18}19 /, 'the lowest priority')
    }
  } finally {
    delete process.env.API_TOKENS
    abort.abort()
  }
  await assert.rejects(running)
  await until('every process to be gone', () => programs().length === 0)
})
