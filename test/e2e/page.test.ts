// A whole stream in a real Chromium: the streamer's studio in one window, a viewer in another, and ffmpeg as
// the encoder.
import assert from 'node:assert/strict'
import type { Encoder } from '../support/encoder.ts'
import { checkScreen } from '../support/screens.ts'
import { step } from '../support/steps.ts'
import { until } from '../support/until.ts'
import { openWindows, SLOW } from '../support/windows.ts'

const TITLE = 'Saturday night, live from the kitchen'

const { stack, browser, studio, viewer, video, field, ...windows } = await openWindows()
let encoder: Encoder | undefined
let ingestUrl: string
let watchUrl: string

step('the home page says how to begin while nobody is live', async () => {
  await viewer.goto(`${stack.url}/`)
  await viewer.getByRole('heading', { name: /nobody is live/i }).waitFor()
  await checkScreen(browser, viewer, 'home-empty')
})

step('gives the streamer a stream key for ten minutes, hidden until revealed', async () => {
  await studio.goto(`${stack.url}/studio`)
  await checkScreen(browser, studio, 'studio-form')
  await windows.askForKey(TITLE)
  await studio.getByText('Waiting for your encoder').waitFor()
  assert.match((await studio.locator('.key-expiry').textContent()) ?? '', /within (10:00|9:5\d)/)
  assert.equal(await field('Stream key').getAttribute('type'), 'password')
  await studio.getByRole('button', { name: 'Reveal' }).click()
  assert.match(await field('Stream key').inputValue(), /^live_\w+$/)
  await studio.getByRole('button', { name: 'Hide' }).click()
  await checkScreen(browser, studio, 'studio-waiting')
  watchUrl = await field('Watch link').inputValue()
  ingestUrl = await windows.ingestUrl()
})

step('a watch page waits for a stream that is not live yet', async () => {
  const early = await browser.context.newPage()
  await early.goto(watchUrl)
  await early.getByText('Waiting for the streamer').waitFor()
  await checkScreen(browser, early, 'watch-waiting')
  await early.close()
})

step('a card appears when the stream goes live, without a reload, and leads to playing video', async () => {
  encoder = windows.publish(ingestUrl)
  await viewer.getByRole('link', { name: TITLE }).waitFor(SLOW)
  await checkScreen(browser, viewer, 'home-one-stream')
  await viewer.getByRole('link', { name: TITLE }).click()
  await viewer.waitForURL(watchUrl)
  await video.starts()
  await video.plays(2)
  const first = await video.read()
  await video.plays(1)
  const second = await video.read()
  const drift = second.counter - first.counter - (second.time - first.time)
  assert.ok(Math.abs(drift) < 0.5, `the counter and the video's time are ${drift} s apart`)
  await viewer.getByText('1 watching').waitFor()
  await checkScreen(browser, viewer, 'watch-live')
})

step('the studio shows the status, the incoming stream and the number of viewers', async () => {
  await studio.getByText('You are live').waitFor()
  await studio.getByText('320 × 180, H.264').waitFor()
  await studio.getByText('15 fps').waitFor()
  await studio.getByText(/^AAC, Mono/).waitFor()
  await until('a bitrate', async () =>
    /\d (k|M)bit/.test((await studio.locator('.stats').textContent()) ?? ''),
  )
  await until(
    'a line in the plot',
    async () => ((await studio.locator('.plot-line').getAttribute('d')) ?? '').includes('L'),
    20_000,
  )
  await until('one viewer', async () => (await studio.locator('.stats dd').first().textContent()) === '1')
  await until('the preview to play', () =>
    studio.locator('video').evaluate((element) => (element as HTMLVideoElement).currentTime > 0.2),
  )
  await checkScreen(browser, studio, 'studio-live')
})

step('keeps the last frame when the publisher is disconnected, and continues by itself', async () => {
  await encoder?.[Symbol.asyncDispose]()
  await viewer.getByText('The streamer lost the connection. Waiting for them to reconnect…').waitFor(SLOW)
  await studio.getByText('The connection to your encoder is lost').waitFor(SLOW)
  await studio.getByText(/stop it and start it again/).waitFor(SLOW)
  await checkScreen(browser, viewer, 'watch-reconnecting')
  await checkScreen(browser, studio, 'studio-reconnecting')
  const stoppedAt = await video.time()
  encoder = windows.publish(ingestUrl)
  await studio.getByText('You are live').waitFor(SLOW)
  await viewer
    .getByText('The streamer lost the connection. Waiting for them to reconnect…')
    .waitFor({ state: 'detached' })
  await video.reaches(stoppedAt + 3)
  await until('the new connection’s counter', async () => (await video.read()).counter < 25, 40_000)
})

step('ends from the studio; the viewer sees the last frame and the end screen', async (t) => {
  await studio.getByRole('button', { name: 'End stream' }).click()
  await checkScreen(browser, studio, 'studio-ending')
  await windows.confirm('End stream')
  const endedAt = performance.now()
  await studio.getByText('You ended the stream.').waitFor()
  await encoder?.exited()
  await viewer.getByText('Thanks for watching.').waitFor(SLOW)
  t.diagnostic(
    `the viewer's end came ${((performance.now() - endedAt) / 1_000).toFixed(1)} s after the streamer's`,
  )
  await checkScreen(browser, viewer, 'watch-ended')
  await checkScreen(browser, studio, 'studio-ended')
})

step('says what to do on the page of an ended stream and of an unknown stream', async () => {
  await viewer.goto(watchUrl)
  await viewer.getByText(/It was on air for/).waitFor()
  await checkScreen(browser, viewer, 'watch-over')
  // When the studio reads the ingest just as the publisher disconnects, the answer is 409.
  const complaints = browser.complaints.filter((text) => !text.includes('409 (Conflict)'))
  assert.deepEqual(complaints, [], 'nothing in the browser console')
  await viewer.goto(`${stack.url}/watch/none`)
  await viewer.getByText('Stream not found').waitFor()
  await checkScreen(browser, viewer, 'watch-missing')
})
