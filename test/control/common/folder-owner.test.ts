// Folders that somebody else has made or can write to are refused, with their name, owner and what to do.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { thisUser, unsafeFolders } from '../../../apps/control/common/folder-owner.ts'

const root = mkdtempSync(join(tmpdir(), 'owner-'))
after(() => rmSync(root, { recursive: true }))
const MAIN = join(import.meta.dirname, '../../../apps/control/main.ts')
const START = join(import.meta.dirname, '../../../nginx/start.sh')

/** A user of the machine who is neither root nor the one who runs this test. */
const STRANGER = 65_534
const isRoot = process.getuid?.() === 0
const skip = !isRoot && 'only root can give a folder away'

let count = 0
function folder(mode = 0o755, uid?: number): string {
  const path = join(root, `${count++}`)
  mkdirSync(path)
  chmodSync(path, mode)
  if (uid !== undefined) chownSync(path, uid, uid)
  return path
}
const problem = (path: string, user = thisUser()) => unsafeFolders({ HLS_DIR: path }, user)[0]

suite('a folder to work in', () => {
  test('may be missing, one’s own, root’s, or a link to one of these', () => {
    const own = folder()
    symlinkSync(own, join(root, 'own-link'))
    assert.deepEqual(
      [join(root, 'missing'), own, join(root, 'own-link'), '/etc'].map((path) => problem(path)),
      [undefined, undefined, undefined, undefined],
    )
  })

  test('must not be writable for everybody, and the sticky bit does not help', () => {
    assert.match(
      problem(folder(0o777)) ?? '',
      /^HLS_DIR: every user can write to .* \(mode 0777\).*chmod o-w/,
    )
    assert.match(problem(folder(0o1777)) ?? '', /mode 1777/)
  })

  test('may be writable for one’s own group, and for no other', () => {
    const shared = folder(0o2775)
    assert.equal(problem(shared), undefined)
    assert.match(
      problem(shared, { uid: process.getuid?.() ?? 0, groups: [STRANGER] }) ?? '',
      /a group that .* is not in/,
    )
  })

  test('must not be somebody else’s', { skip }, () => {
    const path = folder(0o755, STRANGER)
    assert.match(
      problem(path) ?? '',
      new RegExp(`${path} belongs to nobody, not to root.*rm -r ${path}.*chown -R root ${path}`),
    )
  })

  test('must not be somebody else’s link, wherever it leads', { skip }, () => {
    const path = join(root, 'link')
    symlinkSync(folder(), path)
    lchownSync(path, STRANGER, STRANGER)
    assert.match(problem(path) ?? '', /is a link that belongs to nobody/)
  })

  test('must be a folder', () => {
    const file = join(root, 'file')
    writeFileSync(file, '')
    assert.match(problem(file) ?? '', /is not a folder/)
  })
})

suite('with an unsafe HLS_DIR', { skip }, () => {
  const settings = () => ({
    ...{ HLS_DIR: folder(0o755, STRANGER), DASH_DIR: folder(), DATA_DIR: folder(0o777) },
    RECORDINGS_DIR: folder(),
    NGINX_RUN_DIR: folder(),
  })

  test('control does not start, and lists every unsafe folder', () => {
    const env = { ...process.env, ...settings(), DATABASE_URL: 'mysql://u@127.0.0.1:1/d' }
    const { status, stderr } = spawnSync(process.execPath, [MAIN], { env, encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(stderr, /HLS_DIR: .* belongs to nobody.*\n +DATA_DIR: every user can write/)
    assert.doesNotMatch(stderr, /\n {4}at /)
  })

  const start = (folders: Record<string, string>) => {
    const ports = {
      HTTP_PORT: '1',
      RTMP_PORT: '2',
      HOOKS_PORT: '3',
      INTERNAL_HTTP_PORT: '4',
      INTERNAL_RTMP_PORT: '5',
    }
    const rest = {
      LISTEN_ADDRESS: '127.0.0.1',
      CONTROL_URL: 'http://127.0.0.1:6',
      CORS_ORIGINS: '*',
      NGINX: 'true',
    }
    const limits = {
      ...{ MAX_READERS: '0', MAX_READERS_PER_ADDRESS: '0', MAX_CONNECTIONS_PER_ADDRESS: '0' },
      ...{ API_RATE_LIMIT: '0', MAX_RTMP_CONNECTIONS: '0', MAX_RTMP_CONNECTIONS_PER_ADDRESS: '0' },
    }
    const env = {
      PATH: process.env.PATH,
      ...ports,
      ...rest,
      ...limits,
      ...settings(),
      HLS_DIR: folder(),
      ...folders,
    }
    return spawnSync(START, ['public'], { env, encoding: 'utf8' })
  }

  test('nginx does not start', () => {
    assert.equal(start({}).status, 0, 'otherwise the refusals below may have another reason')
    const link = join(root, 'nginx-link')
    symlinkSync(folder(), link)
    lchownSync(link, STRANGER, STRANGER)
    for (const [path, said] of [
      [folder(0o755, STRANGER), /HLS_DIR: \S+ belongs to nobody, who could put links to any file into it/],
      [link, /HLS_DIR: \S+ is a link that belongs to nobody/],
      [folder(0o1777), /HLS_DIR: every user can write to .* \(mode 1777\)/],
    ] as const) {
      const { status, stderr } = start({ HLS_DIR: path })
      assert.equal(status, 1)
      assert.match(stderr, said)
    }
    const own = start({ HLS_DIR: folder(0o755, STRANGER), NGINX_USER: 'nobody' })
    assert.equal(own.status, 0, `its worker's folder is its own: ${own.stderr}`)
  })
})
