// GET /v1/streams/:id/ingest, with a server that answers /stat as the test wants.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { OnAirListSchema } from '../../../apps/control/api/ingest-schemas.ts'
import type { Issued } from '../../../apps/control/streams/service.ts'
import { startControl, type TestControl } from '../../support/control.ts'

const VIDEO =
  '<video><width>1280</width><height>720</height><frame_rate>30</frame_rate><codec>H264</codec>' +
  '<profile>High</profile><compat>0</compat><level>3.1</level></video>'
const AUDIO =
  '<audio><codec>AAC</codec><profile>LC</profile><channels>2</channels><sample_rate>48000</sample_rate></audio>'

let control: TestControl
let nginx: Server
let stat = ''
let questions = 0
let nginxStatus = 200
const TOKEN = 'a-token-of-the-operators'
let issued: Issued

before(async () => {
  nginx = createServer((_request, response) => {
    questions += 1
    response.writeHead(nginxStatus, { 'x-onair-nginx': '1-1' }).end(stat)
  })
  await new Promise<void>((settle) => nginx.listen(0, '127.0.0.1', settle))
  const { port } = nginx.address() as AddressInfo
  control = await startControl({ env: { NGINX_URL: `http://127.0.0.1:${port}`, API_TOKENS: TOKEN } })
})

after(async () => {
  await control?.[Symbol.asyncDispose]()
  nginx?.close()
})

beforeEach(async () => {
  nginxStatus = 200
  issued = await control.context.streams.create({ title: null, record: false })
})

async function connect(nodeId = 'test'): Promise<void> {
  const { id, keyHash, publicUrl } = issued.stream
  const session = { nodeId, nginx: '1-1', clientId: 5, acceptedAt: new Date(), baselineAt: null }
  const accepted = { session, keyHash: new Uint8Array(keyHash), publicUrl, address: '203.0.113.9' }
  await control.context.streams.submit(id, { kind: 'publisher-accepted', ...accepted })
}

function xml(figures: string, clientId = 5): string {
  return (
    `<rtmp><server><application><name>live</name><live><stream><name>${issued.stream.id}</name>${figures}` +
    `<client><id>${clientId}</id><publishing/><active/></client></stream></live></application></server></rtmp>`
  )
}

async function ask(bearer: string | null = issued.key.reveal(), id = issued.stream.id) {
  const headers: Record<string, string> = bearer === null ? {} : { authorization: `Bearer ${bearer}` }
  const response = await fetch(`${control.apiUrl}/v1/streams/${id}/ingest`, { headers })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Waits until the answer of the last query is no longer reused. */
const afterASecond = () => new Promise((settle) => setTimeout(settle, 1_050))

test('tells the owner and operators what the encoder sends', async () => {
  await connect()
  await afterASecond()
  stat = xml(
    '<bytes_in>2039923</bytes_in><bw_in>1303808</bw_in><bw_audio>70152</bw_audio><bw_video>1233656</bw_video>' +
      `<meta>${VIDEO}${AUDIO}</meta>`,
  )
  const { status, body } = await ask()
  assert.equal(status, 200)
  assert.deepEqual(
    { ...body, connectedAt: null, measuredAt: null },
    {
      connectedAt: null,
      measuredAt: null,
      bytesReceived: 2_039_923,
      bitrate: { total: 1_303_808, video: 1_233_656, audio: 70_152 },
      video: { codec: 'H264', profile: 'High', level: '3.1', width: 1280, height: 720, frameRate: 30 },
      audio: { codec: 'AAC', profile: 'LC', channels: 2, sampleRate: 48_000 },
    },
  )
  assert.equal((await ask(TOKEN)).status, 200)
})

test('queries nginx once for all requests of one second, and never without a request', async () => {
  await connect()
  await afterASecond()
  stat = xml('')
  questions = 0
  await Promise.all(Array.from({ length: 20 }, () => ask()))
  assert.equal(questions, 1)
})

test('answers with what is known when nginx does not recognize the codec or has received nothing yet', async () => {
  await connect()
  await afterASecond()
  stat = xml(
    '<bw_in>0</bw_in><bytes_in>900</bytes_in><meta><video><width>1280</width><height>720</height>' +
      '<frame_rate>30</frame_rate></video><audio></audio></meta>',
  )
  const unknown = (await ask()).body
  assert.deepEqual(
    { bitrate: unknown.bitrate, audio: unknown.audio, codec: (unknown.video as { codec: unknown }).codec },
    { bitrate: null, audio: null, codec: null },
  )
  await afterASecond()
  stat = xml('<meta></meta>')
  const { video, audio, bytesReceived } = (await ask()).body
  assert.deepEqual({ video, audio, bytesReceived }, { video: null, audio: null, bytesReceived: null })
})

test('does not show the figures of a previous connection', async () => {
  await connect()
  await afterASecond()
  stat = xml(`<bytes_in>900</bytes_in><meta>${VIDEO}</meta>`, 4)
  const { status, body } = await ask()
  assert.deepEqual([status, body.video, body.bytesReceived], [200, null, null])
})

test('answers 409 while no encoder is connected, or it is connected to another node', async () => {
  assert.deepEqual([(await ask()).status, (await ask()).body.code], [409, 'not_publishing'])
  await connect('elsewhere')
  assert.deepEqual([(await ask()).status, (await ask()).body.code], [409, 'publisher_elsewhere'])
})

test('requires the owner’s key or an API token', async () => {
  const other = await control.context.streams.create({ title: null, record: false })
  assert.equal((await ask(null)).status, 401)
  assert.equal((await ask(other.key.reveal())).status, 403)
  assert.equal((await ask('x', 'a'.repeat(20))).status, 404)
})

test('answers 503 when nginx does not respond', async () => {
  await connect()
  await afterASecond()
  nginxStatus = 500
  const { status, body } = await ask()
  assert.deepEqual([status, body.code], [503, 'nginx_unavailable'])
  nginxStatus = 200
  stat = xml('')
  assert.equal((await ask()).status, 200, 'a failure is not cached')
})

test('is in the OpenAPI document, and so are viewers', async () => {
  const { paths, components } = (await (await fetch(`${control.apiUrl}/openapi.json`)).json()) as {
    paths: Record<string, { get?: { parameters?: { name: string }[] } }>
    components: { schemas: Record<string, { properties?: Record<string, unknown> }> }
  }
  assert.ok(paths['/v1/streams/{id}/ingest']?.get)
  assert.ok(components.schemas.Ingest?.properties?.bitrate)
  assert.ok(components.schemas.Stream?.properties?.viewers)
  assert.ok(components.schemas.ViewersEvent)
  assert.ok(paths['/v1/events']?.get?.parameters?.some(({ name }) => name === 'viewer'))
})

test('tells what this server takes, when it has limits', async () => {
  const { database } = control
  const env = { NODE_ID: 'limited', MAX_BITRATE: '6000', MAX_DURATION: '3600' }
  const url = control.context.config.nginxUrl
  await using limited = await startControl({ database, env: { ...env, NGINX_URL: url } })
  await connect('limited')
  stat = xml('')
  const response = await fetch(`${limited.apiUrl}/v1/streams/${issued.stream.id}/ingest`, {
    headers: { authorization: `Bearer ${issued.key.reveal()}` },
  })
  const { connectedAt } = (await limited.context.store.find(issued.stream.id)) ?? assert.fail()
  const { limits } = (await response.json()) as { limits: unknown }
  const endsAt = new Date((connectedAt?.getTime() ?? 0) + 3_600_000).toISOString()
  assert.deepEqual(limits, { bitrate: 6_000_000, endsAt })
})

describe('GET /v1/ingest', () => {
  const list = (bearer: string | null) =>
    fetch(`${control.apiUrl}/v1/ingest`, {
      headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` },
    })
  const entry = async () => {
    const { data } = OnAirListSchema.parse(await (await list(TOKEN)).json())
    return data.find(({ stream }) => stream.id === issued.stream.id) ?? null
  }
  const CLIENTS =
    '<client><id>9</id><address>127.0.0.1:36321/hls</address><flashver>ngx-local-relay</flashver><active/></client>' +
    '<client><id>5</id><address>198.51.100.1</address><flashver>FMLE/3.0 (compatible; &lt;b&gt;)</flashver>' +
    '<publishing/><active/></client>'

  test('tells operators who publishes, from where, with what, and how much', async () => {
    await connect()
    await afterASecond()
    stat = xml(`<bytes_in>900</bytes_in><bw_in>800</bw_in>${CLIENTS}`, 77).replace(
      '<client><id>77</id><publishing/><active/></client>',
      '',
    )
    const { publisher, stream, node } = (await entry()) ?? assert.fail()
    assert.deepEqual([stream.status, node], ['connecting', 'test'])
    assert.deepEqual(
      [publisher?.address, publisher?.encoder, publisher?.ingest?.bitrate?.total],
      ['203.0.113.9', 'FMLE/3.0 (compatible; <b>)', 800],
    )
  })

  test('lists streams of other nodes and while nginx is away, without what only nginx knows', async () => {
    for (const node of ['test', 'elsewhere']) {
      await connect(node)
      await afterASecond()
      nginxStatus = 500
      const { publisher } = (await entry()) ?? assert.fail()
      const { address, encoder, ingest } = publisher ?? assert.fail()
      assert.deepEqual([address, encoder, ingest], ['203.0.113.9', null, null])
      nginxStatus = 200
      issued = await control.context.streams.create({ title: null, record: false })
    }
  })

  test('leaves out streams that wait, have ended or were deleted', async () => {
    assert.equal(await entry(), null)
    await connect()
    assert.notEqual(await entry(), null)
    await control.context.streams.submit(issued.stream.id, { kind: 'delete-requested', by: 'operator' })
    assert.equal(await entry(), null)
  })

  test('is for operators only', async () => {
    assert.deepEqual([(await list(null)).status, (await list(issued.key.reveal())).status], [401, 401])
  })
})
