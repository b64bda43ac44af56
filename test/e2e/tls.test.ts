// A whole OnAir over TLS: an encoder over RTMPS, seven tabs of Chromium over HTTP/2, and a certificate that is
// renewed while all of them are connected.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { Page } from 'playwright-core'
import { startBrowser } from '../support/browser.ts'
import { makeCertificate, shownSerials, type TestCertificate } from '../support/certificate.ts'
import { Encoder } from '../support/encoder.ts'
import { startRelay } from '../support/relay.ts'
import { SseReader } from '../support/sse.ts'
import { type IssuedAnswer, TestStack } from '../support/stack.ts'
import { step } from '../support/steps.ts'
import { until } from '../support/until.ts'
import { WatchedVideo } from '../support/watched-video.ts'

/** One more than a browser opens connections to a host over HTTP/1.1. */
const TABS = 7
/** The stack looks at the files every 5 s, and complains about wrong ones at the second look. */
const RENEWED_WITHIN_MS = 30_000
const SLOW = { timeout: 40_000 }
/**
 * Chromium closes every connection when an interface of the machine comes or goes, which other programs cause:
 * containers, network namespaces. It is not about OnAir.
 */
const NETWORK_CHANGED = /ERR_NETWORK_CHANGED/

const owned = new AsyncDisposableStack()
after(() => owned.disposeAsync())
const folder = mkdtempSync(join(tmpdir(), 'tls-'))
owned.defer(() => rmSync(folder, { recursive: true }))
const [first, renewed, other] = ['first', 'renewed', 'other'].map((name) =>
  makeCertificate(folder, name),
) as [TestCertificate, TestCertificate, TestCertificate]
// fetch, in this process only, trusts what nobody has signed.
setDefaultCACertificates([...getCACertificates('default'), first.cert, renewed.cert])
const [TLS_CERT, TLS_KEY] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
putInPlace(first.cert, first.key)

const stack = owned.use(await TestStack.start({ TLS_CERT, TLS_KEY }))
const [httpsPort, rtmpsPort] = [stack.url, stack.rtmpUrl].map((url) => new URL(url).port) as [string, string]
const relay = owned.use(await startRelay('127.0.0.2', rtmpsPort))
const browser = owned.use(await startBrowser(undefined, { ignoreHTTPSErrors: true }))
const tabs: Page[] = []
let stream: IssuedAnswer
let encoder: Encoder
let reader: SseReader
let video: WatchedVideo

function putInPlace(cert: string, key: string): void {
  writeFileSync(TLS_CERT, cert)
  writeFileSync(TLS_KEY, key)
}

/** The address of the publisher in the log line about a stream's accepted publish. */
function loggedAddress(id: string): unknown {
  const lines = stack.output.split('\n').filter((line) => line.includes('"publish decided"'))
  const line = lines.map((text) => JSON.parse(text)).find((entry) => entry.stream === id)
  return line?.address
}

async function allTabsShow(title: string): Promise<void> {
  await Promise.all(tabs.map((tab) => tab.getByRole('link', { name: title }).waitFor(SLOW)))
}

function networkChanges(): number {
  return browser.complaints.filter((text) => NETWORK_CHANGED.test(text)).length
}

/** How many times an EventSource of any tab has lost its connection: browsers list requests when they end. */
async function endedEventStreams(): Promise<number> {
  const counts = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(
        () =>
          performance.getEntriesByType('resource').filter(({ name }) => name.includes('/v1/events')).length,
      ),
    ),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

step('seven tabs are open at once, over HTTP/2', async () => {
  for (let tab = 0; tab < TABS; tab++) {
    const page = await browser.context.newPage()
    await page.goto(`${stack.url}/`)
    await page.getByRole('heading', { name: /nobody is live/i }).waitFor(SLOW)
    tabs.push(page)
  }
  const protocols = await Promise.all(
    tabs.map((page) =>
      page.evaluate(() => {
        const [entry] = performance.getEntriesByType('navigation') as { nextHopProtocol?: string }[]
        return entry?.nextHopProtocol
      }),
    ),
  )
  assert.deepEqual(protocols, Array(TABS).fill('h2'))
})

step('an encoder over RTMPS goes live, its own address is in the log, and every tab shows it', async () => {
  reader = owned.use(await SseReader.open(`${stack.url}/v1/events`))
  stream = await stack.create({ title: 'Over RTMPS' })
  assert.equal(stream.streamKey.ingestUrl, `rtmps://localhost:${rtmpsPort}/live`)
  encoder = owned.use(new Encoder(`rtmps://localhost:${relay.port}/live/${stream.streamKey.value}`))
  await stack.reaches(stream.id, 'live')
  assert.equal(await until('the log line', () => loggedAddress(stream.id)), '127.0.0.2')
  await allTabsShow('Over RTMPS')
  await reader.frame('stream.live')
})

step('the video plays on a page over HTTPS', async () => {
  const [viewer] = tabs as [Page]
  await viewer.getByRole('link', { name: 'Over RTMPS' }).click()
  await viewer.waitForURL(`${stack.url}/watch/${stream.id}`)
  video = new WatchedVideo(viewer)
  await video.starts()
  await video.plays(2)
  assert.deepEqual(
    browser.complaints.filter((text) => !NETWORK_CHANGED.test(text)),
    [],
  )
})

step('a renewed certificate is shown, and neither publisher nor reader nor viewer is dropped', async (t) => {
  assert.deepEqual(await shownSerials([httpsPort, rtmpsPort]), [first.serial, first.serial])
  const before = await video.time()
  const [endedBefore, changesBefore] = [await endedEventStreams(), networkChanges()]
  const renewedAt = performance.now()
  putInPlace(renewed.cert, renewed.key)
  await until(
    'the renewed certificate',
    async () => (await shownSerials([httpsPort, rtmpsPort])).every((serial) => serial === renewed.serial),
    RENEWED_WITHIN_MS,
  )
  t.diagnostic(
    `the renewed certificate was shown after ${((performance.now() - renewedAt) / 1000).toFixed(1)} s`,
  )
  await video.reaches(before + 8)
  assert.ok(encoder.running)
  assert.ok(!reader.closed)
  assert.equal((await stack.stream(stream.id)).status, 'live')
  // Those without an id, such as the number of viewers, are not in the log.
  const events = reader.frames.filter(({ id }) => id !== null).map(({ event }) => event)
  assert.deepEqual(events, ['stream.live'], 'the publisher has not reconnected')
  const ended = await endedEventStreams()
  if (networkChanges() === changesBefore) assert.equal(ended, endedBefore, 'an EventSource was disconnected')
})

step('a key that does not belong to the certificate is not taken; one log line says why', async () => {
  putInPlace(other.cert, renewed.key)
  await until(
    'the log line',
    () => stack.output.includes('[tls] the new certificate is not used'),
    RENEWED_WITHIN_MS,
  )
  assert.match(stack.output, /not used: TLS_KEY: the key does not belong to the certificate in TLS_CERT/)
  assert.deepEqual(await shownSerials([httpsPort, rtmpsPort]), [renewed.serial, renewed.serial])
  assert.ok(encoder.running)
  putInPlace(renewed.cert, renewed.key)
})

step('every tab goes on by itself after control was killed', async () => {
  const control = stack.pidOf('control')
  const endedBefore = await endedEventStreams()
  process.kill(Number(control), 'SIGKILL')
  await until(
    'a new control',
    async () => stack.pidOf('control') !== control && (await stack.isReady()),
    40_000,
  )
  const next = await stack.create({ title: 'After the restart' })
  await using _second = new Encoder(`${stack.rtmpUrl}/${next.streamKey.value}`)
  await stack.reaches(next.id, 'live')
  assert.equal(await until('the log line', () => loggedAddress(next.id)), '127.0.0.1')
  await Promise.all(
    tabs.slice(1).map((tab) => tab.getByRole('link', { name: 'After the restart' }).waitFor(SLOW)),
  )
  assert.ok((await endedEventStreams()) >= endedBefore + TABS, 'each tab had lost its connection')
})

step('the certificate’s key is in no log line', () => {
  for (const { key } of [first, renewed, other]) {
    assert.ok(!stack.output.includes(key.split('\n')[1] ?? ''))
  }
})
