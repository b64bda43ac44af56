// An evening in a real Chromium: a streamer's studio in one window, a viewer in another, ffmpeg as OBS.
import assert from 'node:assert/strict'
import type { Encoder } from '../support/encoder.ts'
import { look } from '../support/screens.ts'
import { step } from '../support/steps.ts'
import { until } from '../support/until.ts'
import { openWindows, SLOW } from '../support/windows.ts'

const TITLE = 'Saturday night, live from the kitchen'

const { stack, browser, studio, viewer, video, field, ...windows } = await openWindows()
let encoder: Encoder | undefined
let ingestUrl: string
let watchUrl: string

step('says how to begin while nobody is live', async () => {
  await viewer.goto(`${stack.url}/`)
  await viewer.getByRole('heading', { name: /nobody is live/i }).waitFor()
  await look(browser, viewer, 'live-empty')
})

step('gives the streamer a key with ten minutes, hidden until asked for', async () => {
  await studio.goto(`${stack.url}/studio`)
  await look(browser, studio, 'studio-form')
  await windows.askForKey(TITLE)
  await studio.getByText('Waiting for your encoder').waitFor()
  assert.match((await studio.locator('.key-time').textContent()) ?? '', /within (10:00|9:5\d)/)
  assert.equal(await field('Stream key').getAttribute('type'), 'password')
  await studio.getByRole('button', { name: 'Reveal' }).click()
  assert.match(await field('Stream key').inputValue(), /^live_\w+$/)
  await studio.getByRole('button', { name: 'Hide' }).click()
  await look(browser, studio, 'studio-waiting')
  watchUrl = await field('Watch link').inputValue()
  ingestUrl = await windows.ingestUrl()
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
    encoder = windows.publish(ingestUrl)
    await viewer.getByRole('link', { name: TITLE }).waitFor(SLOW)
    await look(browser, viewer, 'live-one')
    await viewer.getByRole('link', { name: TITLE }).click()
    await viewer.waitForURL(watchUrl)
    await video.starts()
    await video.plays(2)
    const first = await video.read()
    await video.plays(1)
    const second = await video.read()
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

step('waits over the last picture when the publisher is cut, and goes on by itself', async () => {
  await encoder?.[Symbol.asyncDispose]()
  await viewer.getByText('The streamer lost the connection, waiting…').waitFor(SLOW)
  await studio.getByText('The connection to your encoder is lost').waitFor(SLOW)
  await studio.getByText(/stop it and start it again/).waitFor(SLOW)
  await look(browser, viewer, 'watch-reconnecting')
  await look(browser, studio, 'studio-reconnecting')
  const stood = await video.time()
  encoder = windows.publish(ingestUrl)
  await studio.getByText('You are live').waitFor(SLOW)
  await viewer.getByText('The streamer lost the connection, waiting…').waitFor({ state: 'detached' })
  await video.reaches(stood + 3)
  await until('the new connection’s counter', async () => (await video.read()).counter < 25, 40_000)
})

step('ends from the studio; the viewer sees the last of it and is told', async (t) => {
  await studio.getByRole('button', { name: 'End stream' }).click()
  await look(browser, studio, 'studio-ending')
  await windows.confirm('End stream')
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

step('has words for a stream that is over, one that never was, and a page that is none', async () => {
  await viewer.goto(watchUrl)
  await viewer.getByText(/It was on air for/).waitFor()
  await look(browser, viewer, 'watch-over')
  // The studio may ask what comes in at the very moment when the publisher goes; then it is told 409.
  const complaints = browser.complaints.filter((text) => !text.includes('409 (Conflict)'))
  assert.deepEqual(complaints, [], 'nothing in the consoles')
  await viewer.goto(`${stack.url}/watch/none`)
  await viewer.getByText('There is no such stream').waitFor()
  await look(browser, viewer, 'watch-missing')
})
