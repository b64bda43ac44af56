// The search that a take-down has to survive: two whole nodes on one database, recordings in folders and in S3; then no
// file, no title and no URL is left.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { Encoder } from '../support/encoder.ts'
import { S3Server } from '../support/s3-server.ts'
import { SseReader } from '../support/sse.ts'
import { type RecordingAnswer, TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const TOKEN = 'an-operators-token-of-24-characters'

/** Lines of `grep`: what contains the text, as a name or inside a file, in these folders. */
function inFolders(text: string, folders: readonly string[]): string[] {
  const names = execFileSync('find', [...folders, '-name', `*${text}*`], { encoding: 'utf8' })
  let contents = ''
  try {
    contents = execFileSync('grep', ['-rlaF', '-e', text, ...folders], { encoding: 'utf8' })
  } catch (error) {
    // 1: nothing was found.
    if ((error as { status?: number }).status !== 1) throw error
  }
  return `${names}${contents}`.split('\n').filter((line) => line !== '')
}

/** The tables and columns whose value contains the text, in any of its encodings. */
async function inDatabase(database: TestDatabase, text: string): Promise<string[]> {
  const columns = await database.query(
    `SELECT table_name AS tbl, column_name AS col FROM information_schema.columns
     WHERE table_schema = DATABASE()`,
  )
  const found: string[] = []
  for (const { tbl, col } of columns) {
    const sql = `SELECT COUNT(*) AS n FROM \`${tbl}\` WHERE LOCATE(CAST(? AS BINARY), CAST(\`${col}\` AS BINARY)) > 0`
    const [row] = await database.query(sql, [text])
    if (Number(row?.n) > 0) found.push(`${tbl}.${col}`)
  }
  return found
}

const statusOf = async (url: string): Promise<number> => {
  const response = await fetch(url)
  await response.body?.cancel()
  return response.status
}

for (const storage of ['folder', 'S3'] as const) {
  describe(`with recordings in ${storage === 'S3' ? 'S3' : 'a folder'}`, () => {
    let owned: AsyncDisposableStack
    let database: TestDatabase
    let here: TestStack
    let there: TestStack
    let server: S3Server | null = null
    before(async () => {
      owned = new AsyncDisposableStack()
      database = owned.use(await createTestDatabase())
      if (storage === 'S3') server = owned.use(await S3Server.start())
      const settings = { API_TOKENS: TOKEN, ...server?.settings }
      here = owned.use(await TestStack.start({ NODE_ID: 'here', ...settings }, database))
      there = owned.use(await TestStack.start({ NODE_ID: 'there', ...settings }, database))
    })
    after(() => owned.disposeAsync())

    /** Everything under which the stream can be asked for, at both nodes. */
    async function urlsOf(id: string, recording: RecordingAnswer): Promise<string[]> {
      const paths = [`/v1/streams/${id}`, `/v1/streams/${id}/recording`, `/v1/streams/${id}/thumbnail.jpg`]
      const playlists = [`/hls/${id}/index.m3u8`, `/dash/${id}/index.mpd`]
      const hls = await (await fetch(`${here.url}${playlists[0]}`)).text()
      const segments = hls.split('\n').filter((line) => line.endsWith('.ts'))
      const vod = new URL(recording.playback.hls ?? assert.fail())
      const stored = (await (await fetch(vod)).text()).split('\n').filter((line) => line.endsWith('.ts'))
      const files = [
        vod.pathname,
        ...[recording.download.mp4, recording.poster].map((url) => new URL(url ?? assert.fail()).pathname),
      ]
      assert.ok(segments.length > 0 && stored.length > 0)
      return [
        ...paths,
        ...playlists,
        ...segments.map((name) => `/hls/${id}/${name}`),
        `/dash/${id}/init.m4v`,
        ...files,
        ...stored.map((name) => `/recordings/${id}/${name}`),
      ].flatMap((path) => [here, there].map((node) => `${node.url}${path}`))
    }

    test('neither files nor title are found after a take-down, on disk, in the database or by any URL', async (t) => {
      const title = `a title that must go ${storage}`
      const { id, streamKey } = await here.create({ title, record: true })
      await using everything = await SseReader.open(`${there.url}/v1/events`)
      await using own = await SseReader.open(`${there.url}/v1/events?stream=${id}`)
      {
        await using _encoder = new Encoder(`${here.rtmpUrl}/${streamKey.value}`)
        await there.reaches(id, 'live')
        await until('the DASH playlist', () => existsSync(join(here.dashDir, id, 'index.mpd')))
        await here.manage(id, 'end', streamKey.value)
      }
      const recording = await until(
        'the recording',
        async () => {
          const stream = await there.stream(id)
          return stream.recording?.status === 'ready' && stream.recording
        },
        60_000,
      )
      const urls = await urlsOf(id, recording)
      const signed = await signedLinks(recording)
      const folders = [
        here.hlsDir,
        here.dashDir,
        here.recordingsDir,
        there.hlsDir,
        there.dashDir,
        there.recordingsDir,
      ]
      const before = { disk: inFolders(id, folders), database: await inDatabase(database, title) }
      assert.ok(before.disk.length > 0 && before.database.includes('streams.title'))
      assert.ok(before.database.includes('events.data'))

      const askedAt = performance.now()
      const answer = await fetch(`${there.url}/v1/streams/${id}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${TOKEN}` },
      })
      assert.equal(answer.status, 204)
      for (const url of urls) await until(`404 of ${url}`, async () => (await statusOf(url)) === 404, 5_000)
      const tookMs = performance.now() - askedAt
      t.diagnostic(`${urls.length} URLs were 404 within ${Math.round(tookMs)} ms`)
      assert.ok(tookMs < 5_000)
      for (const reader of [everything, own]) {
        const { data } = await reader.frame('stream.deleted')
        assert.deepEqual(data.stream, { id })
      }
      await until('all files to be gone', () => inFolders(id, folders).length === 0)
      for (const url of signed)
        await until('the object to be gone', async () => (await statusOf(url)) === 404)
      assert.deepEqual(await inDatabase(database, title), [])
      await until('the row to be gone', async () =>
        (await inDatabase(database, id)).every((at) => !/^streams/.test(at)),
      )
      for (const { url } of [here, there]) {
        await using replay = await SseReader.open(`${url}/v1/events?lastEventId=0`)
        await replay.frame('stream.deleted')
        assert.ok(!replay.text.includes(title))
        for (const list of ['streams', 'recordings'])
          assert.ok(!(await (await fetch(`${url}/v1/${list}`)).text()).includes(id))
      }
      assert.ok(![here, there].some(({ output }) => output.includes(title)), 'no log line says the title')
    })

    async function signedLinks({ download, poster }: RecordingAnswer): Promise<string[]> {
      if (storage === 'folder') return []
      const links = [download.mp4, poster].map(async (url) => {
        const response = await fetch(url ?? assert.fail(), { redirect: 'manual' })
        return response.headers.get('location') ?? assert.fail()
      })
      return Promise.all(links)
    }

    test('a stream that is taken down while it is live is dropped, and its encoder does not get back in', async () => {
      const title = `live and unwanted ${storage}`
      const { id, streamKey } = await here.create({ title, record: true })
      await using encoder = new Encoder(`${here.rtmpUrl}/${streamKey.value}`)
      await there.reaches(id, 'live')
      await using own = await SseReader.open(`${here.url}/v1/events?stream=${id}`)
      const answer = await fetch(`${there.url}/v1/streams/${id}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${streamKey.value}` },
      })
      assert.equal(answer.status, 204)
      await own.frame('stream.deleted')
      await encoder.exited()
      await using again = new Encoder(`${here.rtmpUrl}/${streamKey.value}`)
      await again.exited()
      const folders = [here.hlsDir, here.dashDir, here.recordingsDir, there.recordingsDir]
      await until('all files to be gone', () => inFolders(id, folders).length === 0)
      await until('the row to be gone', async () =>
        (await inDatabase(database, id)).every((at) => !/^streams/.test(at)),
      )
      assert.deepEqual([inFolders(id, folders), await inDatabase(database, title)], [[], []])
    })
  })
}
