// Thumbnails and recordings in a real Chromium: a stream is recorded, watched, downloaded and deleted, on a
// server that requires an API token.
import assert from 'node:assert/strict'
import { formatSize } from '../../apps/web/src/ui/format-size.ts'
import { copyRecording } from '../support/copied-recordings.ts'
import type { Encoder } from '../support/encoder.ts'
import { checkScreen } from '../support/screens.ts'
import { shownImage } from '../support/shown-image.ts'
import { step } from '../support/steps.ts'
import { until } from '../support/until.ts'
import { WatchedVideo } from '../support/watched-video.ts'
import { openWindows, SLOW } from '../support/windows.ts'

const TITLE = 'An hour at the piano'
const TOKEN = 'the-very-own-token-of-operators'
/** A grey placeholder has close to none. */
const REAL_CONTRAST = 100

const { stack, browser, studio, viewer, video, field, ...windows } = await openWindows({
  STREAM_CREATION: 'token',
  API_TOKENS: TOKEN,
})
const secondViewer = await browser.context.newPage()
const home = viewer
let encoder: Encoder
let watchUrl: string
let firstPixels: string

const id = () => watchUrl.split('/').at(-1) ?? ''
const recordedSeconds = async () => {
  const text = await studio.locator('.stats', { hasText: 'Recorded so far' }).textContent({ timeout: 1_000 })
  return Number(/so far0:(\d\d)/.exec(text ?? '')?.[1] ?? 0)
}
/** Sets columns of the stream's row, to reach states that are hard to cause. */
const setColumns = (columns: string) =>
  stack.database.query(`UPDATE streams SET ${columns} WHERE id = ?`, [id()])

step('asks for an API token if the server requires one, and says when it is wrong', async () => {
  await windows.askForKey(TITLE)
  await field('API token').waitFor()
  assert.equal(await field('API token').evaluate((input) => input === document.activeElement), true)
  await checkScreen(browser, studio, 'studio-token')
  await field('Record the stream').check()
  await field('API token').fill('gue“ssed')
  await studio.keyboard.press('Enter')
  await studio.getByText(/does not accept this API token/).waitFor()
  await checkScreen(browser, studio, 'studio-token-wrong')
  await field('API token').fill(TOKEN)
  await studio.keyboard.press('Enter')
  await studio.getByText('Waiting for your encoder').waitFor()
  watchUrl = await field('Watch link').inputValue()
  assert.equal(await studio.evaluate(() => Object.values({ ...localStorage }).length), 0)
})

step('the card of a live stream shows its thumbnail', async () => {
  await home.goto(`${stack.url}/`)
  await home.getByRole('heading', { name: /nobody is live/i }).waitFor()
  assert.equal(await home.getByRole('heading', { name: 'Recordings' }).count(), 0)
  encoder = windows.publish(await windows.ingestUrl())
  await home.getByRole('link', { name: TITLE }).waitFor(SLOW)
  await secondViewer.goto(watchUrl)
  const thumbnail = home.locator('.card .thumbnail img')
  await thumbnail.waitFor()
  const first = await until('a real thumbnail', async () => {
    const shown = await shownImage(thumbnail)
    return shown.width > 0 && shown.contrast > REAL_CONTRAST && shown
  })
  await checkScreen(browser, home, 'home-thumbnail')
  firstPixels = first.pixels
})

step('the studio shows how much is recorded while the stream is live', async () => {
  await studio.getByText('The stream is being recorded').waitFor()
  const before = await until('some seconds', recordedSeconds)
  await checkScreen(browser, studio, 'studio-recording')
  await until('some more', async () => (await recordedSeconds()) > before)
})

step('the next thumbnail replaces the last one', async () => {
  await until('the next thumbnail', async () => {
    const { width, pixels } = await shownImage(home.locator('.card .thumbnail img'))
    assert.ok(width > 0, 'the last one stays until the next is loaded')
    return pixels !== firstPixels
  })
})

step(
  'at the end the recording appears by itself: on the home page, on the watch page, and in the studio',
  async () => {
    const watched = new WatchedVideo(secondViewer)
    await watched.plays(0.5)
    await studio.getByRole('button', { name: 'End stream' }).click()
    await windows.confirm('End stream')
    await encoder.exited()
    await home.getByRole('heading', { name: 'Recordings' }).waitFor(SLOW)
    const card = home.getByRole('link', { name: TITLE })
    await card.waitFor()
    const poster = await until('the poster', async () => {
      const shown = await shownImage(card.locator('.poster img'))
      return shown.width > 0 && shown
    })
    assert.ok(poster.contrast > REAL_CONTRAST)
    await checkScreen(browser, home, 'home-recordings-only')
    await studio.getByText('The recording is ready').waitFor()
    await studio.getByRole('link', { name: /Download MP4 · \d/ }).waitFor()
    await checkScreen(browser, studio, 'studio-recorded')
    await secondViewer.getByRole('button', { name: 'Watch the recording' }).waitFor(SLOW)
    await checkScreen(browser, secondViewer, 'watch-ended-recorded')
    await secondViewer.getByRole('button', { name: 'Watch the recording' }).click()
    await watched.reaches(0.5)
    assert.ok((await watched.time()) < 5, 'from its beginning')
  },
)

step('plays the recording from its beginning, with a seek bar and without a LIVE button', async (t) => {
  await home.getByRole('link', { name: TITLE }).click()
  await viewer.waitForURL(watchUrl)
  await video.starts()
  await video.plays(1)
  const { time, counter } = await video.read()
  t.diagnostic(`the recording's second ${time.toFixed(2)} shows the counter at ${counter.toFixed(2)} s`)
  assert.ok(Math.abs(counter - time) < 1, 'the video shows the test picture of that time')
  assert.equal(await viewer.locator('media-live-button').count(), 0)
  assert.match((await video.element.getAttribute('poster')) ?? '', /poster\.jpg$/)
  // Shows the controls.
  await viewer.mouse.move(400, 300)
  await viewer.locator('media-time-range').hover({ position: { x: 300, y: 26 } })
  await checkScreen(browser, viewer, 'watch-recording')
  await viewer.locator('body').press('9')
  await until('nine tenths', async () => (await video.read()).counter > counter + 5)
})

step('offers the MP4, and shows its size', async () => {
  const link = viewer.getByRole('link', { name: /Download MP4 · \d/ })
  const answer = await fetch((await link.getAttribute('href')) ?? '')
  assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'video/mp4'])
  const { byteLength } = await answer.arrayBuffer()
  assert.equal((await link.textContent())?.split('· ')[1], formatSize(byteLength))
})

step('leaves nothing in the browser console but the refused requests for a token', () => {
  const complaints = browser.complaints.filter((text) => !/40[19] \(/.test(text))
  assert.deepEqual(complaints, [])
})

step('says what is missing, and why a recording failed', async () => {
  await setColumns('recording_missing_segments = 4')
  await viewer.goto(watchUrl)
  await viewer.getByText('About 12 seconds of the stream are missing').waitFor()
  await checkScreen(browser, viewer, 'watch-recording-missing')
  await setColumns("recording_status = 'failed', recording_failure = 'disk_full', recording_has_mp4 = false")
  await viewer.goto(watchUrl)
  await viewer
    .getByText(/disk was nearly full during the recording\. The recorded part \(0:\d\d\) can be watched/)
    .waitFor()
  await video.starts()
  await checkScreen(browser, viewer, 'watch-recording-failed')
  await studio.reload()
  await studio.getByText('The recording failed').waitFor()
  await checkScreen(browser, studio, 'studio-recording-failed')
  await setColumns('recording_has_playlist = false')
  await viewer.goto(watchUrl)
  await viewer.getByText('The stream could not be recorded').waitFor()
  await checkScreen(browser, viewer, 'watch-recording-lost')
  await setColumns(
    "recording_status = 'ready', recording_failure = NULL, recording_missing_segments = 0, recording_has_playlist = true, recording_has_mp4 = true",
  )
})

step('says that a recording is still being processed', async () => {
  // In another node's folder, so that this node does not finalize it.
  await setColumns(
    `recording_status = 'processing', recording_has_playlist = false, recording_has_mp4 = false, recording_duration_ms = NULL,
     recording_parts = REPLACE(recording_parts, '"storageId":"', '"storageId":"elsewhere-'), node_id = 'elsewhere'`,
  )
  await viewer.goto(watchUrl)
  await viewer.getByText('The recording will be available in a moment').waitFor()
  await checkScreen(browser, viewer, 'watch-processing')
  await studio.reload()
  await studio.getByText('The recording is being processed').waitFor()
  await checkScreen(browser, studio, 'studio-processing')
  await setColumns(
    `recording_status = 'ready', recording_has_playlist = true, recording_duration_ms = 19000,
     recording_parts = REPLACE(recording_parts, '"storageId":"elsewhere-', '"storageId":"'), node_id = 'e2e'`,
  )
})

step('loads everything again when the server sends a reset', async () => {
  await home.goto(`${stack.url}/`)
  await home.getByRole('link', { name: TITLE }).waitFor()
  await copyRecording(stack.database, id(), 13)
  const body = 'id: 1\nevent: reset\ndata: {}\n\n'
  const reset = { contentType: 'text/event-stream', body }
  await home.route('**/v1/events?*', (route) => route.fulfill(reset), { times: 1 })
  await home.evaluate(() => dispatchEvent(new Event('online')))
  await until('one page of recordings', async () => (await home.locator('.recordings h3').count()) === 12)
})

step('shows older recordings on request, and moves the focus to the first of them', async () => {
  const titles = home.locator('.recordings h3')
  await home.getByRole('button', { name: 'Show more' }).focus()
  await home.keyboard.press('Enter')
  await until('all of them', async () => (await titles.count()) === 14)
  assert.equal(await titles.last().textContent(), 'Evening 22')
  const focused = await until('a focus', () =>
    home.evaluate(() => document.activeElement?.closest('.card')?.querySelector('h3')?.textContent),
  )
  assert.equal(focused, 'Evening 21')
  assert.equal(await home.getByRole('button', { name: 'Show more' }).count(), 0)
  await checkScreen(browser, home, 'home-many-recordings')
})

step('deletes the recording from the studio, for everybody', async () => {
  await home.getByRole('link', { name: TITLE }).waitFor()
  await studio.reload()
  await studio.getByRole('button', { name: 'Delete recording' }).click()
  await checkScreen(browser, studio, 'studio-deleting')
  await windows.confirm('Delete recording')
  await studio.getByText('The recording was deleted').waitFor()
  await checkScreen(browser, studio, 'studio-deleted')
  // As if the user returned to the tab.
  await home.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await until(
    'the home page without it',
    async () => (await home.getByRole('link', { name: TITLE }).count()) === 0,
  )
  await home.goto(watchUrl)
  await home.getByText(/It was on air for/).waitFor()
  assert.equal(await home.getByRole('button', { name: 'Watch the recording' }).count(), 0)
})

step('stops and deletes a recording while the stream goes on', async () => {
  await studio.getByRole('button', { name: 'New stream with the same title' }).click()
  await studio.getByText('Waiting for your encoder').waitFor()
  watchUrl = await field('Watch link').inputValue()
  windows.publish(await windows.ingestUrl())
  await studio.getByText('The stream is being recorded').waitFor(SLOW)
  await studio.getByRole('button', { name: 'Stop and delete the recording' }).click()
  await windows.confirm('Stop and delete')
  await studio.getByText('The stream is no longer recorded').waitFor()
  await studio.getByText('You are live').waitFor()
  await checkScreen(browser, studio, 'studio-stopped-recording')
  const { status, recording } = (await stack.stream(id())) as { status: string; recording?: unknown }
  assert.deepEqual([status, recording], ['live', null])
})
