import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readConfig } from '../../../apps/control/config.ts'
import { S3Storage } from '../../../apps/control/recordings/s3-storage.ts'
import { S3Server } from '../../support/s3-server.ts'

const ID = 'a'.repeat(20)
const never = new AbortController().signal
let root: string
let server: S3Server
let storage: S3Storage
before(async () => {
  root = await mkdtemp(join(tmpdir(), 's3-files-'))
  server = await S3Server.start()
  const { s3 } = readConfig(server.settings)
  storage = new S3Storage(s3 ?? assert.fail())
})
after(async () => {
  storage[Symbol.dispose]()
  await server[Symbol.asyncDispose]()
  await rm(root, { recursive: true })
})

async function file(name: string, contents: string | Buffer): Promise<string> {
  const path = join(root, name)
  await writeFile(path, contents)
  return path
}

test('stores a file, lists it with its size, and fetches it again', async () => {
  await storage.storeFile(ID, '1.ts', await file('1.ts', 'a segment'), never)
  await storage.storeText(ID, 'index.m3u8', '#EXTM3U\n', never)
  const files = await storage.list(ID, never)
  assert.deepEqual(
    files.sort((a, b) => a.sizeBytes - b.sizeBytes),
    [
      { name: 'index.m3u8', sizeBytes: 8 },
      { name: '1.ts', sizeBytes: 9 },
    ],
  )
  const copy = await storage.fetch(ID, '1.ts', root, never)
  assert.equal(await readFile(copy, 'utf8'), 'a segment')
  assert.equal(await storage.read(ID, 'index.m3u8'), '#EXTM3U\n')
  assert.deepEqual(await storage.list('b'.repeat(20), never), [])
})

test('a large file is uploaded in parts and comes back complete', async () => {
  const contents = randomBytes(20 * 1024 * 1024)
  await storage.storeFile(ID, 'recording.mp4', await file('big', contents), never)
  assert.ok(contents.equals(await readFile(await storage.fetch(ID, 'recording.mp4', root, never))))
})

test('a request that fails is retried', async () => {
  server.fails = (request) => request % 3 === 0
  try {
    for (let n = 0; n < 10; n++)
      await storage.storeFile(ID, `again-${n}.ts`, await file('again', `${n}`), never)
    assert.equal((await storage.list(ID, never)).filter(({ name }) => name.startsWith('again')).length, 10)
  } finally {
    server.fails = () => false
  }
})

test('an unreachable store is an error; when it is back, the next request works', async () => {
  await server.goAway()
  const path = await file('late', 'x')
  await assert.rejects(storage.storeFile(ID, 'late.ts', path, never), /ECONNREFUSED|connect/)
  await server.comeBack()
  await storage.storeFile(ID, 'late.ts', path, never)
})

test('a store that does not answer is an error', async () => {
  const { s3 } = readConfig(server.settings)
  using impatient = new S3Storage(s3 ?? assert.fail(), 200)
  const path = await file('silent', 'x')
  server.silent = true
  try {
    await assert.rejects(impatient.storeFile(ID, 'silent.ts', path, never), { name: 'TimeoutError' })
    const stopping = AbortSignal.timeout(50)
    await assert.rejects(storage.list(ID, stopping))
    await assert.rejects(storage.storeFile(ID, 'silent.ts', path, stopping), /abort/i)
  } finally {
    server.silent = false
  }
})

test('a URL lets everybody read one file; the MP4 is downloaded under the stream’s name', async () => {
  const response = await fetch(await storage.urlOf(ID, '1.ts', 'GET'))
  assert.deepEqual([response.status, await response.text()], [200, 'a segment'])
  assert.equal(response.headers.get('content-type'), 'video/mp2t')
  const unsigned = new URL(await storage.urlOf(ID, 'recording.mp4', 'GET'))
  assert.match(unsigned.searchParams.get('response-content-disposition') ?? '', new RegExp(`${ID}\\.mp4`))
  const { s3 } = readConfig({ ...server.settings, S3_PUBLIC_URL: 'https://cdn.example' })
  using open = new S3Storage(s3 ?? assert.fail())
  assert.equal(await open.urlOf(ID, '1.ts', 'GET'), `https://cdn.example/${ID}/1.ts`)
})

test('removes all files of a stream and of no other; twice is no error', async () => {
  const [gone, stays] = ['c'.repeat(20), 'd'.repeat(20)]
  await storage.storeText(stays, 'index.m3u8', 'x', never)
  await Promise.all(Array.from({ length: 30 }, (_, n) => storage.storeText(gone, `${n}.ts`, 'x', never)))
  assert.equal((await storage.list(gone, never)).length, 30)
  await storage.remove(gone, never)
  await storage.remove(gone, never)
  assert.deepEqual(await storage.list(gone, never), [])
  assert.equal((await storage.list(stays, never)).length, 1)
})
