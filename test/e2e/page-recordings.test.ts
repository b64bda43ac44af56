// Recordings in a real Chromium: pictures of what is live, a broadcast that is kept, watched again,
// and deleted; on a server that wants an API token.
import assert from 'node:assert/strict'
import { formatSize } from '../../apps/web/src/ui/size.ts'
import type { Encoder } from '../support/encoder.ts'
import { look } from '../support/screens.ts'
import { shownPicture } from '../support/shown-picture.ts'
import { step } from '../support/steps.ts'
import { until } from '../support/until.ts'
import { WatchedVideo } from '../support/watched-video.ts'
import { openWindows, SLOW } from '../support/windows.ts'

const TITLE = 'An hour at the piano'
const TOKEN = 'the-operators-own-token'
/** Of a grey placeholder hardly anything. */
const REAL_CONTRAST = 100

const { stack, browser, studio, viewer, video, field, ...windows } = await openWindows({
  STREAM_CREATION: 'token',
  API_TOKENS: TOKEN,
})
const witness = await browser.context.newPage()
const home = viewer
let encoder: Encoder
let watchUrl: string
let firstPoints: string

const id = () => watchUrl.split('/').at(-1) ?? ''
const kept = async () => {
  const text = await studio.locator('.facts', { hasText: 'Kept so far' }).textContent({ timeout: 1_000 })
  return Number(/so far0:(\d\d)/.exec(text ?? '')?.[1] ?? 0)
}
/** What the recording is taken for, without waiting for it to become so. */
const pretend = (columns: string) =>
  stack.database.query(`UPDATE streams SET ${columns} WHERE id = ?`, [id()])

step('asks for an API token where the server wants one, and says when it is wrong', async () => {
  await windows.askForKey(TITLE)
  await field('API token').waitFor()
  assert.equal(await field('API token').evaluate((input) => input === document.activeElement), true)
  await look(browser, studio, 'studio-token')
  await field('Keep a recording').check()
  await field('API token').fill('gue“ssed')
  await studio.keyboard.press('Enter')
  await studio.getByText(/does not accept this API token/).waitFor()
  await look(browser, studio, 'studio-token-wrong')
  await field('API token').fill(TOKEN)
  await studio.keyboard.press('Enter')
  await studio.getByText('Waiting for your encoder').waitFor()
  watchUrl = await field('Watch link').inputValue()
  assert.equal(await studio.evaluate(() => Object.values({ ...localStorage }).length), 0)
})

step('a live card shows what the stream shows now', async () => {
  await home.goto(`${stack.url}/`)
  await home.getByRole('heading', { name: /nobody is live/i }).waitFor()
  assert.equal(await home.getByRole('heading', { name: 'Recordings' }).count(), 0)
  encoder = windows.publish(await windows.ingestUrl())
  await home.getByRole('link', { name: TITLE }).waitFor(SLOW)
  await witness.goto(watchUrl)
  const picture = home.locator('.card .picture img')
  await picture.waitFor()
  const first = await until('a real picture', async () => {
    const shown = await shownPicture(picture)
    return shown.width > 0 && shown.contrast > REAL_CONTRAST && shown
  })
  await look(browser, home, 'live-picture')
  firstPoints = first.points
})

step('the studio shows how much is kept while it is live', async () => {
  await studio.getByText('The broadcast is being recorded').waitFor()
  const before = await until('some seconds', kept)
  await look(browser, studio, 'studio-recording')
  await until('some more', async () => (await kept()) > before)
})

step('the next picture takes the place of the last', async () => {
  await until('the next picture', async () => {
    const { width, points } = await shownPicture(home.locator('.card .picture img'))
    assert.ok(width > 0, 'the last one stays until the next is there')
    return points !== firstPoints
  })
})

step('at the end the recording comes by itself: at home, for who watched, and in the studio', async () => {
  const watched = new WatchedVideo(witness)
  await watched.plays(0.5)
  await studio.getByRole('button', { name: 'End stream' }).click()
  await windows.confirm('End stream')
  await encoder.exited()
  await home.getByRole('heading', { name: 'Recordings' }).waitFor(SLOW)
  const card = home.getByRole('link', { name: TITLE })
  await card.waitFor()
  const poster = await until('the poster', async () => {
    const shown = await shownPicture(card.locator('.picture img'))
    return shown.width > 0 && shown
  })
  assert.ok(poster.contrast > REAL_CONTRAST)
  await look(browser, home, 'live-none-but-recordings')
  await studio.getByText('The recording is ready').waitFor()
  await studio.getByRole('link', { name: /Download MP4 · \d/ }).waitFor()
  await look(browser, studio, 'studio-recorded')
  await witness.getByRole('button', { name: 'Watch the recording' }).waitFor(SLOW)
  await look(browser, witness, 'watch-ended-recorded')
  await witness.getByRole('button', { name: 'Watch the recording' }).click()
  await watched.reaches(0.5)
  assert.ok((await watched.time()) < 5, 'from its beginning')
})

step('plays the recording from its beginning, with a bar and without a live edge', async (t) => {
  await home.getByRole('link', { name: TITLE }).click()
  await viewer.waitForURL(watchUrl)
  await video.starts()
  await video.plays(1)
  const { time, counter } = await video.read()
  t.diagnostic(`the recording's second ${time.toFixed(2)} shows the counter at ${counter.toFixed(2)} s`)
  assert.ok(Math.abs(counter - time) < 1, 'the picture is the test picture of that time')
  assert.equal(await viewer.locator('media-live-button').count(), 0)
  assert.match((await video.element.getAttribute('poster')) ?? '', /poster\.jpg$/)
  // Shows the controls.
  await viewer.mouse.move(400, 300)
  await viewer.locator('media-time-range').hover({ position: { x: 300, y: 26 } })
  await look(browser, viewer, 'watch-recording')
  await viewer.locator('body').press('9')
  await until('nine tenths', async () => (await video.read()).counter > counter + 5)
})

step('offers the MP4, and says its size', async () => {
  const link = viewer.getByRole('link', { name: /Download MP4 · \d/ })
  const answer = await fetch((await link.getAttribute('href')) ?? '')
  assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'video/mp4'])
  const { byteLength } = await answer.arrayBuffer()
  assert.equal((await link.textContent())?.split('· ')[1], formatSize(byteLength))
})

step('leaves nothing in the consoles but that a token was wanted', () => {
  const complaints = browser.complaints.filter((text) => !/40[19] \(/.test(text))
  assert.deepEqual(complaints, [])
})

step('says in words what is missing, what failed, and what is still to come', async () => {
  await pretend('recording_missing_segments = 4')
  await viewer.goto(watchUrl)
  await viewer.getByText('About 12 seconds of the broadcast could not be kept').waitFor()
  await look(browser, viewer, 'watch-recording-missing')
  await pretend("recording_status = 'failed', recording_failure = 'disk_full', recording_has_mp4 = false")
  await viewer.goto(watchUrl)
  await viewer.getByText(/disk was nearly full\. What is safe, 0:\d\d, can be watched/).waitFor()
  await video.starts()
  await look(browser, viewer, 'watch-recording-failed')
  await studio.reload()
  await studio.getByText('The recording has failed').waitFor()
  await look(browser, studio, 'studio-recording-failed')
  await pretend('recording_has_playlist = false')
  await viewer.goto(watchUrl)
  await viewer.getByText('It could not be recorded').waitFor()
  await look(browser, viewer, 'watch-recording-lost')
  await pretend(
    "recording_status = 'ready', recording_failure = NULL, recording_missing_segments = 0, recording_has_playlist = true, recording_has_mp4 = true",
  )
})

step('waits with the viewer for a recording that is being finished', async () => {
  // Of another node: nobody here takes it up.
  await pretend(
    "recording_status = 'processing', recording_has_playlist = false, recording_has_mp4 = false, recording_duration_ms = NULL, node_id = 'elsewhere'",
  )
  await viewer.goto(watchUrl)
  await viewer.getByText('The recording will be here in a moment').waitFor()
  await look(browser, viewer, 'watch-processing')
  await studio.reload()
  await studio.getByText('The recording is being finished').waitFor()
  await look(browser, studio, 'studio-processing')
  await pretend(
    "recording_status = 'ready', recording_has_playlist = true, recording_duration_ms = 19000, node_id = 'e2e'",
  )
})

step('reads everything anew when the server says reset', async () => {
  await home.goto(`${stack.url}/`)
  await home.getByRole('link', { name: TITLE }).waitFor()
  const { query } = stack.database
  await query('CREATE TEMPORARY TABLE copies SELECT * FROM streams WHERE id = ?', [id()])
  for (let n = 10; n < 23; n += 1) {
    await query(
      'UPDATE copies SET id = ?, title = ?, key_hash = ?, live_at = DATE_SUB(live_at, INTERVAL 5 HOUR)',
      [`copy0000000000000c${n}`, `Evening ${n}`, `${n}`.padStart(32, '0')],
    )
    await query('INSERT INTO streams SELECT * FROM copies')
  }
  const body = 'id: 1\nevent: reset\ndata: {}\n\n'
  const reset = { contentType: 'text/event-stream', body }
  await home.route('**/v1/events?*', (route) => route.fulfill(reset), { times: 1 })
  await home.evaluate(() => dispatchEvent(new Event('online')))
  await until('a page of them', async () => (await home.locator('.recordings h3').count()) === 12)
})

step('shows older recordings when asked, and goes on with the keyboard where they begin', async () => {
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
  await look(browser, home, 'live-many-recordings')
})

step('deletes the recording from the studio, for everybody', async () => {
  await home.getByRole('link', { name: TITLE }).waitFor()
  await studio.reload()
  await studio.getByRole('button', { name: 'Delete recording' }).click()
  await look(browser, studio, 'studio-deleting')
  await windows.confirm('Delete recording')
  await studio.getByText('The recording is deleted').waitFor()
  await look(browser, studio, 'studio-deleted')
  // As who comes back to the tab.
  await home.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await until('home without it', async () => (await home.getByRole('link', { name: TITLE }).count()) === 0)
  await home.goto(watchUrl)
  await home.getByText(/It was on air for/).waitFor()
  assert.equal(await home.getByRole('button', { name: 'Watch the recording' }).count(), 0)
})

step('stops and deletes a recording while the stream goes on', async () => {
  await studio.getByRole('button', { name: 'New stream with the same title' }).click()
  await studio.getByText('Waiting for your encoder').waitFor()
  watchUrl = await field('Watch link').inputValue()
  windows.publish(await windows.ingestUrl())
  await studio.getByText('The broadcast is being recorded').waitFor(SLOW)
  await studio.getByRole('button', { name: 'Stop and delete the recording' }).click()
  await windows.confirm('Stop and delete')
  await studio.getByText('Nothing of this broadcast is kept any more').waitFor()
  await studio.getByText('You are live').waitFor()
  await look(browser, studio, 'studio-stopped-recording')
  const { status, recording } = (await stack.stream(id())) as { status: string; recording?: unknown }
  assert.deepEqual([status, recording], ['live', null])
})
