// The publisher sends, and nothing of it reaches the HLS folder.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { TestNode } from '../support/node.ts'

const DISK_BYTES = 64 * 1024 * 1024
/** 15 s, two looks at the segments, and the pauses between them. */
const NOTICED_MS = 30_000
/** Longer than a playlist may stand still. */
const LONG_ENOUGH_MS = 35_000

const canMount = process.getuid?.() === 0 && mountsWork()
let disk: string
let node: TestNode
before(async () => {
  if (!canMount) return
  disk = await mkdtemp(join(tmpdir(), 'disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', disk])
  node = await TestNode.start({ hlsDir: join(disk, 'hls') })
})
after(async () => {
  await node?.[Symbol.asyncDispose]()
  if (canMount) execFileSync('umount', [disk])
})

function mountsWork(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const options = { skip: canMount ? false : 'a disk of its own can only be mounted by root' }

test(
  'a full disk: the stream says that nobody can watch, and goes on by itself when there is space',
  options,
  async () => {
    const { id, encoder } = await node.goLive()
    await using _ = encoder
    await writeFile(join(disk, 'filler'), Buffer.alloc(DISK_BYTES)).catch(() => {})
    await node.reaches(id, 'reconnecting', NOTICED_MS)
    // Long enough for whatever else might be tried.
    await delay(10_000)
    assert.ok(encoder.running, 'a new connection would not be written either')
    await rm(join(disk, 'filler'))
    await node.reaches(id, 'live')
    assert.ok(encoder.running)
    assert.deepEqual(await node.announced(id), ['created', 'connecting', 'live', 'reconnecting', 'live'])
    const said = node.control.logLines.filter((line) => line.includes('HLS_DIR cannot be written'))
    assert.equal(said.length, 1)
  },
)

test('nginx’s push lost for a moment disturbs nobody', options, async () => {
  const { id, encoder } = await node.goLive()
  await using _ = encoder
  await fetch(`${node.nginxUrl}/control/drop/publisher?app=hls&name=${id}`)
  for (let n = 0; n < 3; n++) await node.playlistGrows(id)
  assert.deepEqual(await node.announced(id), ['created', 'connecting', 'live'])
  assert.ok(encoder.running)
})

test('keyframes every 10 s, or only sound, are nothing unusual', options, async () => {
  const h264 = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv420p',
    '-g',
    '150',
    '-keyint_min',
    '150',
  ]
  const some = await Promise.all([node.goLive({ video: h264 }), node.goLive({ video: ['-vn'] })])
  await delay(LONG_ENOUGH_MS)
  for (const { id, encoder } of some) {
    await using _ = encoder
    assert.deepEqual(await node.announced(id), ['created', 'connecting', 'live'])
    assert.ok(encoder.running)
  }
})
