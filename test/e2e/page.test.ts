// An evening in a real Chromium: a streamer's studio in one window, a viewer in another, ffmpeg as OBS.
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { startBrowser, type TestBrowser } from '../support/browser.ts'
import { Encoder } from '../support/encoder.ts'
import { PictureCounter } from '../support/picture-counter.ts'
import { look } from '../support/screens.ts'
import { TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const TITLE = 'Saturday night, live from the kitchen'
const SLOW = { timeout: 40_000 }

let stack: TestStack
let browser: TestBrowser
let studio: Page
let viewer: Page
let encoder: Encoder | undefined
let counter: PictureCounter
let ingestUrl: string
let watchUrl: string

before(async () => {
  stack = await TestStack.start()
  browser = await startBrowser()
  counter = new PictureCounter()
  studio = await browser.context.newPage()
  viewer = await browser.context.newPage()
  browser.context.setDefaultTimeout(15_000)
})

after(async () => {
  await encoder?.[Symbol.asyncDispose]()
  await browser?.[Symbol.asyncDispose]()
  await stack?.[Symbol.asyncDispose]()
})

let broken = false
/** The evening goes on only while all was well: each step begins where the one before has ended. */
function step(title: string, run: (t: TestContext) => Promise<void>): void {
  test(title, async (t) => {
    if (broken) return t.skip('an earlier step failed')
    broken = true
    await run(t)
    broken = false
  })
}

const video = () => viewer.locator('video')
const time = () => video().evaluate((element) => (element as HTMLVideoElement).currentTime)
const atLiveEdge = () =>
  viewer.locator('media-live-button').evaluate((button) => button.hasAttribute('mediatimeislive'))
const field = (label: string) => studio.getByLabel(label, { exact: true })

async function plays(seconds: number): Promise<void> {
  const from = await time()
  await until('the video to go on', async () => (await time()) > from + seconds, 40_000)
}

step('says how to begin while nobody is live', async () => {
  await viewer.goto(`${stack.url}/`)
  await viewer.getByRole('heading', { name: /nobody is live/i }).waitFor()
  await look(browser, viewer, 'live-empty')
})

step('gives the streamer a key with ten minutes, hidden until asked for', async () => {
  await studio.goto(`${stack.url}/studio`)
  await look(browser, studio, 'studio-form')
  await field('Title').fill(TITLE)
  await studio.getByRole('button', { name: 'Get a stream key' }).click()
  await studio.getByText('Waiting for your encoder').waitFor()
  assert.match((await studio.locator('.key-time').textContent()) ?? '', /within (10:00|9:5\d)/)
  assert.equal(await field('Stream key').getAttribute('type'), 'password')
  await studio.getByRole('button', { name: 'Reveal' }).click()
  assert.match(await field('Stream key').inputValue(), /^live_\w+$/)
  await studio.getByRole('button', { name: 'Hide' }).click()
  await look(browser, studio, 'studio-waiting')
  watchUrl = await field('Watch link').inputValue()
})

step('replaces the key while waiting, and keeps the studio over a reload', async () => {
  const old = await field('Stream key').inputValue()
  await studio.getByRole('button', { name: 'Replace the key' }).click()
  const key = await until('another key', async () => {
    const now = await field('Stream key').inputValue()
    return now !== old && now
  })
  await studio.reload()
  await studio.getByText('Waiting for your encoder').waitFor()
  assert.equal(await field('Stream key').inputValue(), key)
  assert.equal(await field('Watch link').inputValue(), watchUrl)
  const server = await field('Server').inputValue()
  await using refused = new Encoder(`${server}/${old}`)
  await refused.exited()
  ingestUrl = `${server}/${key}`
})

step('a watch page waits for a stream that is not live yet', async () => {
  const early = await browser.context.newPage()
  await early.goto(watchUrl)
  await early.getByText('Waiting for the streamer').waitFor()
  await look(browser, early, 'watch-waiting')
  await early.close()
})

step(
  'a card comes when the stream goes live, without a reload, and leads to a picture that moves',
  async () => {
    encoder = new Encoder(ingestUrl)
    await viewer.getByRole('link', { name: TITLE }).waitFor(SLOW)
    await look(browser, viewer, 'live-one')
    await viewer.getByRole('link', { name: TITLE }).click()
    await viewer.waitForURL(watchUrl)
    await video().waitFor({ state: 'attached', ...SLOW })
    await until('the video to play', async () => (await time()) > 0.2, 40_000)
    await plays(2)
    const first = await counter.read(video())
    await plays(1)
    const second = await counter.read(video())
    const drift = second.counter - first.counter - (second.time - first.time)
    assert.ok(Math.abs(drift) < 0.5, `the picture moves with the video's time, ${drift} s off`)
    await viewer.getByText('1 watching').waitFor()
    await look(browser, viewer, 'watch-live')
  },
)

step('the studio shows that it is live, what comes in, and how many watch', async () => {
  await studio.getByText('You are live').waitFor()
  await studio.getByText('320 × 180, H.264').waitFor()
  await studio.getByText('15 fps').waitFor()
  await studio.getByText(/^AAC, Mono/).waitFor()
  await until('a bitrate', async () =>
    /\d (k|M)bit/.test((await studio.locator('.facts').textContent()) ?? ''),
  )
  await until(
    'a line in the plot',
    async () => ((await studio.locator('.plot-line').getAttribute('d')) ?? '').includes('L'),
    20_000,
  )
  await until('one viewer', async () => (await studio.locator('.facts dd').first().textContent()) === '1')
  await until('the preview to play', () =>
    studio.locator('video').evaluate((element) => (element as HTMLVideoElement).currentTime > 0.2),
  )
  await look(browser, studio, 'studio-live')
})

step('rewinds to an earlier counter, and LIVE leads back to the edge', async (t) => {
  await until('18 s to rewind in', async () => (await time()) > 18, 40_000)
  const live = await counter.read(video())
  await viewer.locator('body').press('Home')
  await until('the beginning', async () => (await time()) < 8)
  await plays(1)
  const back = await counter.read(video())
  t.diagnostic(`video ${live.time.toFixed(2)} s showed the counter at ${live.counter.toFixed(2)} s`)
  t.diagnostic(`video ${back.time.toFixed(2)} s shows the counter at ${back.counter.toFixed(2)} s`)
  assert.ok(Math.abs(live.counter - live.time - (back.counter - back.time)) < 0.7)
  assert.ok(back.counter < 10, `an early counter, not ${back.counter}`)
  assert.equal(await atLiveEdge(), false)
  // Whoever presses a key sees where that led, without reaching for the mouse.
  await viewer.locator('body').press('ArrowLeft')
  await viewer.locator('.behind').waitFor()
  await viewer.mouse.move(400, 300)
  await viewer.locator('media-time-range').hover({ position: { x: 300, y: 26 } })
  await until('the time behind live over the bar', async () =>
    /^−0:\d\d$/.test((await viewer.locator('.seek-time').textContent()) ?? ''),
  )
  await look(browser, viewer, 'watch-rewound')
  await viewer.locator('media-live-button').click()
  await until('the live edge', atLiveEdge)
  await plays(1)
  const edge = await counter.read(video())
  assert.ok(edge.counter > back.counter + 8, `${edge.counter} s is later than ${back.counter} s`)
})

step('has YouTube’s keys, wherever the focus is', async () => {
  const state = () =>
    video().evaluate((element) => {
      const { paused, muted, currentTime } = element as HTMLVideoElement
      return { paused, muted, currentTime }
    })
  await viewer.locator('body').press('k')
  await until('a pause', async () => (await state()).paused)
  const before = (await state()).currentTime
  await viewer.locator('body').press('j')
  await until('ten seconds back', async () => Math.abs((await state()).currentTime - before + 10) < 0.5)
  await viewer.getByRole('link', { name: 'Live now' }).focus()
  const muted = (await state()).muted
  await viewer.keyboard.press('m')
  await until('the sound to change', async () => (await state()).muted !== muted)
  await viewer.keyboard.press('k')
  await until('it to play', async () => !(await state()).paused)
  await viewer.keyboard.press('f')
  await until('full screen', () => viewer.evaluate(() => document.fullscreenElement !== null))
  await viewer.keyboard.press('f')
  await until('no full screen', () => viewer.evaluate(() => document.fullscreenElement === null))
  await viewer.keyboard.press('End')
})

step('waits over the last picture when the publisher is cut, and goes on by itself', async () => {
  await encoder?.[Symbol.asyncDispose]()
  await viewer.getByText('The streamer lost the connection, waiting…').waitFor(SLOW)
  await studio.getByText('The connection to your encoder is lost').waitFor(SLOW)
  await studio.getByText(/stop it and start it again/).waitFor(SLOW)
  await look(browser, viewer, 'watch-reconnecting')
  await look(browser, studio, 'studio-reconnecting')
  const stood = await time()
  encoder = new Encoder(ingestUrl)
  await studio.getByText('You are live').waitFor(SLOW)
  await viewer.getByText('The streamer lost the connection, waiting…').waitFor({ state: 'detached' })
  await until('the picture to go on', async () => (await time()) > stood + 3, 40_000)
  await until('the new connection’s counter', async () => (await counter.read(video())).counter < 25, 40_000)
})

step('ends from the studio; the viewer sees the last of it and is told', async (t) => {
  await studio.getByRole('button', { name: 'End stream' }).click()
  await look(browser, studio, 'studio-ending')
  await studio.getByRole('dialog').getByRole('button', { name: 'End stream' }).click()
  const endedAt = performance.now()
  await studio.getByText('You ended it.').waitFor()
  await encoder?.exited()
  await viewer.getByText('Thanks for watching.').waitFor(SLOW)
  t.diagnostic(
    `the viewer's end came ${((performance.now() - endedAt) / 1_000).toFixed(1)} s after the streamer's`,
  )
  await look(browser, viewer, 'watch-ended')
  await look(browser, studio, 'studio-ended')
})

step('makes a new stream with the same title in one click, also after an unused key', async () => {
  await studio.getByRole('button', { name: 'New stream with the same title' }).click()
  await studio.getByText('Waiting for your encoder').waitFor()
  await studio.getByRole('heading', { name: TITLE }).waitFor()
  await stack.database.query("UPDATE streams SET deadline_at = created_at WHERE status = 'waiting'")
  await studio.getByText('The stream key has expired').waitFor(SLOW)
  await look(browser, studio, 'studio-expired')
  await studio.getByRole('button', { name: 'New stream with the same title' }).click()
  await studio.getByText('Waiting for your encoder').waitFor()
})

step('says what is wrong with an encoder that sends another codec', async () => {
  const url = `${await field('Server').inputValue()}/${await field('Stream key').inputValue()}`
  await using _wrong = new Encoder(url, ['-c:v', 'flv1', '-g', '15'])
  await studio.getByText(/Set its video encoder to H\.264/).waitFor(SLOW)
  await look(browser, studio, 'studio-wrong-codec')
})

step('has words for a stream that is over, one that never was, and a page that is none', async () => {
  await viewer.goto(watchUrl)
  await viewer.getByText(/It was on air for/).waitFor()
  await look(browser, viewer, 'watch-over')
  assert.deepEqual(browser.complaints, [], 'nothing in the consoles')
  await viewer.goto(`${stack.url}/watch/none`)
  await viewer.getByText('There is no such stream').waitFor()
  await look(browser, viewer, 'watch-missing')
})
