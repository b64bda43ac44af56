// npm start as root: everything that listens runs as an unprivileged user, the folders that an OnAir running as
// root has made change hands, and a folder that this user cannot use is named. Needs root, as in a container.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { handshake, makeCertificate } from '../../support/certificate.ts'
import { processesOf } from '../../support/leftovers.ts'
import { stackUser } from '../../support/stack-user.ts'
import { until } from '../../support/until.ts'
import { type Settings, StackProcess, stackFolder } from '../stack-process.ts'

const user = stackUser()
const skip = user === undefined && 'only root can start programs as another user'

/** What /proc/<pid>/status says about a process's rights. */
function rights(pid: number) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const line = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
  return {
    uids: line('Uid').split(/\s+/).map(Number),
    groups: line('Groups'),
    noNewPrivileges: line('NoNewPrivs'),
    capabilities: BigInt(`0x${line('CapEff')}`),
  }
}

/** The processes of a stack that listen on TCP, by the sockets that they have open. */
function listeners(folder: string): number[] {
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n'))
  // Column 4 is the state, 0A is LISTEN; column 10 is the socket's inode (proc(5)).
  const listening = rows.map((row) => row.trim().split(/\s+/)).filter((columns) => columns[3] === '0A')
  const sockets = new Set(listening.map((columns) => `socket:[${columns[9]}]`))
  const listens = (pid: number) =>
    readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOr(`/proc/${pid}/fd/${fd}`)))
  return processesOf(folder)
    .map(({ pid }) => pid)
    .filter(listens)
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    // Closed meanwhile.
    return ''
  }
}

suite('npm start as root', { skip }, () => {
  test('runs everything that listens as the system user, without groups, capabilities or a way to get more', async () => {
    await using place = await stackFolder()
    const stack = await new StackProcess(place.settings).ready()
    assert.match(stack.output, /Started by root: OnAir runs as the user onair/)
    const pids = listeners(place.folder)
    assert.ok(
      pids.includes(stack.childPid('public-nginx')) && pids.includes(stack.childPid('control')),
      `${pids}`,
    )
    const others = processesOf(place.folder).map(({ pid }) => pid)
    for (const pid of [...new Set([...pids, ...others, stack.childPid('MariaDB')])]) {
      if (pid === stack.process.pid) continue
      assert.deepEqual(rights(pid), {
        uids: [user?.uid, user?.uid, user?.uid, user?.uid],
        groups: '',
        noNewPrivileges: '1',
        capabilities: 0n,
      })
    }
    assert.ok(!pids.includes(Number(stack.process.pid)), 'the process that stays root listens nowhere')
    stack.pressCtrlC()
    assert.equal(await stack.exit(), 0)
    assert.equal(stack.output.match(/OnAir is stopping/g)?.length, 1, stack.output)
    assert.deepEqual(processesOf(place.folder), [])
  })

  test('leaves nothing running when it is killed, and starts again', async () => {
    await using place = await stackFolder()
    const first = await new StackProcess(place.settings).ready()
    first.process.kill('SIGKILL')
    await until('everything to be gone', () => processesOf(place.folder).length === 0)
    const second = await new StackProcess(place.settings).ready()
    process.kill(second.childPid('public-nginx'), 'SIGKILL')
    await until('nginx to be back', () => second.isReadyForAll())
    assert.equal(rights(second.childPid('public-nginx')).uids[0], user?.uid)
  })

  test('only nginx gets the capability for ports below 1024, and only when a port is below', async () => {
    await using place = await stackFolder()
    const port = await freeLowPort()
    const stack = await new StackProcess({ ...place.settings, HTTP_PORT: `${port}` }).ready()
    const bind = 1n << 10n
    assert.equal(rights(stack.childPid('public-nginx')).capabilities, bind)
    for (const name of ['control', 'MariaDB'] as const)
      assert.equal(rights(stack.childPid(name)).capabilities, 0n)
    stack.process.kill('SIGTERM')
    assert.equal(await stack.exit(), 0)
  })

  test('reads a certificate and key that only root may read, also when they are renewed', async () => {
    await using place = await stackFolder()
    const files = mkdtempSync(join(tmpdir(), 'root-only-'))
    const put = (name: string) => {
      const { cert, key, serial } = makeCertificate(place.folder, name)
      writeFileSync(join(files, 'cert.pem'), cert, { mode: 0o600 })
      writeFileSync(join(files, 'key.pem'), key, { mode: 0o600 })
      return serial
    }
    const first = put('first')
    const { HTTPS_PORT = '' } = place.settings
    const tls = { TLS_CERT: join(files, 'cert.pem'), TLS_KEY: join(files, 'key.pem') }
    const stack = await new StackProcess({ ...place.settings, ...tls }).ready()
    assert.equal((await handshake(HTTPS_PORT)).serial, first)
    const second = put('second')
    await until('the new certificate', async () => (await handshake(HTTPS_PORT)).serial === second, 30_000)
    await until('the log to say so', () => stack.says('[tls] a new certificate is in use'))
    rmSync(files, { recursive: true })
  })

  test('with RUN_AS=root runs as root, says that this is for trying, and its folders can change hands both ways', async () => {
    await using place = await stackFolder()
    const asRoot = { ...place.settings, RUN_AS: 'root' }
    const first = await new StackProcess(asRoot).ready()
    assert.match(first.output, /RUN_AS=root: everything runs as root, .* for trying OnAir only/)
    assert.equal(rights(first.childPid('control')).uids[0], 0)
    const id = await createStream(place.settings)
    await stop(first)

    const second = await new StackProcess(place.settings).ready()
    assert.match(second.output, /DATA_DIR .* belonged to root, and belongs to onair now/)
    assert.equal(await titleOf(place.settings, id), 'kept')
    await stop(second)

    execFileSync('chown', ['-R', 'root:root', ...folders(place.settings)])
    const third = await new StackProcess(asRoot).ready()
    assert.equal(await titleOf(place.settings, id), 'kept')
    await stop(third)
  })
})

suite('npm start as root refuses', { skip, concurrency: true }, () => {
  test('a folder that only root may enter, and names it, the user and what to do', async () => {
    await using place = await stackFolder()
    chmodSync(place.folder, 0o700)
    const stack = new StackProcess(place.settings)
    assert.equal(await stack.exit(), 1)
    assert.match(
      stack.output,
      /runs as the user onair, who\n {2}can't enter \S+ \(mode 0700, belongs to root\): needed for DATA_DIR, HLS_DIR/,
    )
    assert.ok(stack.says(`chmod o+x ${place.folder}`) && stack.says('RUN_AS=root'), stack.output)
    assert.doesNotMatch(stack.output, /\n {4}at /)
  })

  test('a user who does not exist', async () => {
    await using place = await stackFolder()
    const stack = new StackProcess({ ...place.settings, RUN_AS: 'no-such-user' })
    assert.equal(await stack.exit(), 1)
    assert.match(stack.output, /as the user no-such-user \(RUN_AS\), who does not exist/)
  })

  test('a folder of root’s with files that are not OnAir’s, and does not touch it', async () => {
    await using place = await stackFolder()
    const folder = join(place.folder, 'photos')
    mkdirSync(folder)
    writeFileSync(join(folder, 'cat.jpg'), '')
    const stack = new StackProcess({ ...place.settings, RECORDINGS_DIR: folder })
    assert.equal(await stack.exit(), 1)
    assert.match(
      stack.output,
      /RECORDINGS_DIR .*photos belongs to root and has files that are not OnAir's \(cat\.jpg\)/,
    )
    assert.equal(lstatSync(folder).uid, 0)
  })
})

test('what changes hands is OnAir’s: no link is followed, and nothing beside it', { skip }, async () => {
  await using place = await stackFolder()
  const hls = String(place.settings.HLS_DIR)
  const stream = join(hls, 'a0a0a0a0a0a0a0a0a0a0')
  mkdirSync(stream, { recursive: true })
  const elsewhere = join(place.folder, 'elsewhere')
  writeFileSync(elsewhere, 'root’s')
  symlinkSync(elsewhere, join(stream, 'link'))
  symlinkSync(place.folder, join(stream, 'folder'))
  writeFileSync(join(stream, '0.ts'), '')
  writeFileSync(join(hls, 'notes.txt'), '')
  const { takeOver, ownFolders } = await import('../../../apps/stack/privileges/take-over.ts')
  const dirs = { dataDir: '/nowhere', hlsDir: hls, dashDir: '/nowhere', recordingsDir: '/nowhere' }
  const [, folder] = ownFolders(dirs)
  assert.ok(folder !== undefined && user !== undefined)
  assert.equal(takeOver(folder, user), true)
  for (const path of [hls, stream, join(stream, '0.ts')]) assert.equal(lstatSync(path).uid, user.uid, path)
  for (const path of [elsewhere, place.folder, join(hls, 'notes.txt')])
    assert.equal(lstatSync(path).uid, 0, path)
  chownSync(hls, 0, 0)
})

const folders = (settings: Settings) => [settings.DATA_DIR, settings.HLS_DIR, settings.DASH_DIR].map(String)

async function stop(stack: StackProcess): Promise<void> {
  stack.process.kill('SIGTERM')
  assert.equal(await stack.exit(), 0)
}

async function createStream({ HTTP_PORT }: Settings): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${HTTP_PORT}/v1/streams`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'kept' }),
  })
  return ((await answer.json()) as { id: string }).id
}

async function titleOf({ HTTP_PORT }: Settings, id: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${HTTP_PORT}/v1/streams/${id}`)
  return ((await answer.json()) as { title: string }).title
}

async function freeLowPort(): Promise<number> {
  for (let port = 700; port < 1000; port++) {
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
  throw new Error('no port from 700 to 999 is free')
}
