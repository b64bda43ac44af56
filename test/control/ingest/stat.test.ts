import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { isPublishing } from '../../../apps/control/ingest/nginx-client.ts'
import { parseStat } from '../../../apps/control/ingest/stat.ts'

/** From nginx 1.22.1 with libnginx-mod-rtmp 1.2.2 and OnAir's configuration; two ffmpegs publish. */
const CAPTURE = await readFile(join(import.meta.dirname, 'stat-two-publishers.xml'), 'utf8')
const [FIRST, SECOND] = ['firststream000000000', 'secondstream00000000']
const EMPTY = { live: new Map(), hls: new Map(), bytesReceived: new Map() }

describe('nginx-rtmp’s /stat', () => {
  test('gives the publisher of each stream in both applications, and not the relay that plays it', async () => {
    assert.deepEqual(await parseStat(CAPTURE), {
      live: new Map([
        [FIRST, 4],
        [SECOND, 3],
      ]),
      hls: new Map([
        [FIRST, 14],
        [SECOND, 9],
      ]),
      bytesReceived: new Map([
        [FIRST, 1_818_207],
        [SECOND, 1_826_753],
      ]),
    })
  })

  test('lists a stream without a publisher while another client still uses its name', async () => {
    const without = CAPTURE.replaceAll('<publishing/>', '')
    assert.deepEqual(
      (await parseStat(without)).live,
      new Map([
        [FIRST, null],
        [SECOND, null],
      ]),
    )
  })

  test('lists no streams when nobody publishes', async () => {
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

  test('is not confused by text that a publisher sent about itself', async () => {
    const quoted = CAPTURE.replaceAll(
      'FMLE/3.0',
      '&lt;/flashver&gt;&amp;&lt;a b=&quot; ]]&gt;&lt;publishing/&gt;',
    )
    assert.deepEqual(await parseStat(quoted), await parseStat(CAPTURE))
  })

  test('may contain stream names that look like numbers', async () => {
    const name = '00123456789012345678'
    assert.equal((await parseStat(CAPTURE.replaceAll(FIRST, name))).live.get(name), 4)
  })
})

test('anything but nginx-rtmp’s XML is an error', async () => {
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

describe('the publisher of a session', async () => {
  const { live, hls } = await parseStat(CAPTURE)
  const session = { nodeId: 'n', nginx: '1-100', clientId: 4 }
  const snapshot = { live, hls, nginx: '1-100' }

  test('is connected when this run of nginx lists that client', async () => {
    assert.ok(isPublishing(snapshot, FIRST, session))
    assert.ok(
      isPublishing({ ...snapshot, nginx: null }, FIRST, session),
      'an nginx that does not say which run it is',
    )
    assert.ok(isPublishing(snapshot, FIRST, { ...session, nginx: null }))
  })

  test('is not connected when nginx lists another client, another stream, no publisher, or is another run', async () => {
    assert.ok(!isPublishing(snapshot, SECOND, session))
    assert.ok(!isPublishing(snapshot, FIRST, { ...session, clientId: 5 }))
    assert.ok(!isPublishing({ ...snapshot, nginx: '2-100' }, FIRST, session))
    assert.ok(!isPublishing({ ...snapshot, live: new Map([[FIRST, null]]) }, FIRST, session))
    assert.ok(
      !isPublishing({ ...snapshot, live: new Map() }, FIRST, session),
      'the second application does not count',
    )
  })
})
