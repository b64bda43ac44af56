import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { isPublishing } from '../../../apps/control/ingest/nginx-client.ts'
import { parseStat } from '../../../apps/control/ingest/stat.ts'

/** From nginx 1.22.1 with libnginx-mod-rtmp 1.2.2 and OnAir's configuration; two ffmpegs publish. */
const CAPTURE = await readFile(join(import.meta.dirname, 'stat-two-publishers.xml'), 'utf8')
const [FIRST, SECOND] = ['firststream000000000', 'secondstream00000000']
const EMPTY = { live: new Map(), hls: new Map() }

describe('what nginx really says', () => {
  test('names each publisher in both applications, not the relay between them', async () => {
    assert.deepEqual(await parseStat(CAPTURE), {
      live: new Map([
        [FIRST, 4],
        [SECOND, 3],
      ]),
      hls: new Map([
        [FIRST, 14],
        [SECOND, 9],
      ]),
    })
  })

  test('has a name without a publisher while somebody still holds it', async () => {
    const without = CAPTURE.replaceAll('<publishing/>', '')
    assert.deepEqual(
      (await parseStat(without)).live,
      new Map([
        [FIRST, null],
        [SECOND, null],
      ]),
    )
  })

  test('is empty when nobody publishes', async () => {
    for (const live of ['<live>\n<nclients>0</nclients>\n</live>', '<live></live>', '<live/>', '']) {
      const application = (name: string) =>
        `<server><application><name>${name}</name>${live}</application></server>`
      assert.deepEqual(
        await parseStat(`<rtmp><pid>1</pid>${application('live')}${application('hls')}</rtmp>`),
        EMPTY,
      )
    }
    assert.deepEqual(await parseStat('<rtmp><pid>1</pid></rtmp>'), EMPTY)
  })

  test('may quote what a publisher said of itself', async () => {
    const quoted = CAPTURE.replaceAll(
      'FMLE/3.0',
      '&lt;/flashver&gt;&amp;&lt;a b=&quot; ]]&gt;&lt;publishing/&gt;',
    )
    assert.deepEqual(await parseStat(quoted), await parseStat(CAPTURE))
  })

  test('may have names that look like numbers', async () => {
    const name = '00123456789012345678'
    assert.equal((await parseStat(CAPTURE.replaceAll(FIRST, name))).live.get(name), 4)
  })
})

test('anything else is refused', async () => {
  for (const text of [
    '',
    'x',
    '<html><body>502</body></html>',
    '{"rtmp":{}}',
    '<rtmp><server><application/></server></rtmp>',
  ]) {
    await assert.rejects(parseStat(text), text)
  }
  await assert.rejects(parseStat(CAPTURE.replace('<id>4</id>', '<id>x</id>')))
})

describe('a session’s publisher', async () => {
  const { live, hls } = await parseStat(CAPTURE)
  const session = { nodeId: 'n', nginx: '1-100', clientId: 4 }
  const snapshot = { live, hls, nginx: '1-100' }

  test('is there when nginx has that client, in the same life', async () => {
    assert.ok(isPublishing(snapshot, FIRST, session))
    assert.ok(
      isPublishing({ ...snapshot, nginx: null }, FIRST, session),
      'an nginx that does not say which life',
    )
    assert.ok(isPublishing(snapshot, FIRST, { ...session, nginx: null }))
  })

  test('is not there when it is another’s, another life’s or nobody’s', async () => {
    assert.ok(!isPublishing(snapshot, SECOND, session))
    assert.ok(!isPublishing(snapshot, FIRST, { ...session, clientId: 5 }))
    assert.ok(!isPublishing({ ...snapshot, nginx: '2-100' }, FIRST, session))
    assert.ok(!isPublishing({ ...snapshot, live: new Map([[FIRST, null]]) }, FIRST, session))
    assert.ok(
      !isPublishing({ ...snapshot, live: new Map() }, FIRST, session),
      'the second application is not asked',
    )
  })
})
