// Details of the page in a real Chromium: rewinding, shortcuts, and problems before a stream is live.
import assert from 'node:assert/strict'
import { Encoder } from '../support/encoder.ts'
import { checkScreen } from '../support/screens.ts'
import { step } from '../support/steps.ts'
import { until } from '../support/until.ts'
import { openWindows, SLOW } from '../support/windows.ts'

const TITLE = 'A quiet morning'

const { stack, browser, studio, viewer, video, field, ...windows } = await openWindows()

step('replaces the stream key while waiting, and keeps the state of the studio over a reload', async () => {
  await windows.askForKey(TITLE)
  await studio.getByText('Waiting for your encoder').waitFor()
  const watchUrl = await field('Watch link').inputValue()
  const old = await field('Stream key').inputValue()
  await studio.getByRole('button', { name: 'Replace the stream key' }).click()
  const key = await until('a new stream key', async () => {
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
  windows.publish(`${server}/${key}`)
  await viewer.goto(watchUrl)
  await video.starts()
})

step('rewinds to an earlier counter, and LIVE returns to the live edge', async (t) => {
  await video.reaches(18)
  const live = await video.read()
  await viewer.locator('body').press('Home')
  await until('the beginning', async () => (await video.time()) < 8)
  await video.plays(1)
  const back = await video.read()
  t.diagnostic(`video ${live.time.toFixed(2)} s showed the counter at ${live.counter.toFixed(2)} s`)
  t.diagnostic(`video ${back.time.toFixed(2)} s shows the counter at ${back.counter.toFixed(2)} s`)
  assert.ok(Math.abs(live.counter - live.time - (back.counter - back.time)) < 0.7)
  assert.ok(back.counter < 10, `an early counter, not ${back.counter}`)
  assert.equal(await video.atLiveEdge(), false)
  // A shortcut shows the new position without the mouse being moved.
  await viewer.locator('body').press('ArrowLeft')
  await viewer.locator('.playback-position').waitFor()
  await viewer.mouse.move(400, 300)
  await viewer.locator('media-time-range').hover({ position: { x: 300, y: 26 } })
  await until('the time behind live over the bar', async () =>
    /^−0:\d\d$/.test((await viewer.locator('.seek-time').textContent()) ?? ''),
  )
  await checkScreen(browser, viewer, 'watch-rewound')
  await viewer.locator('media-live-button').click()
  await until('the live edge', () => video.atLiveEdge())
  await video.plays(1)
  const edge = await video.read()
  assert.ok(edge.counter > back.counter + 8, `${edge.counter} s is later than ${back.counter} s`)
})

step('has YouTube’s keyboard shortcuts, wherever the focus is', async () => {
  await viewer.locator('body').press('k')
  await until('a pause', async () => (await video.state()).paused)
  const before = (await video.state()).currentTime
  await viewer.locator('body').press('j')
  await until('ten seconds back', async () => Math.abs((await video.state()).currentTime - before + 10) < 0.5)
  await viewer.getByRole('link', { name: 'Home', exact: true }).focus()
  const muted = (await video.state()).muted
  await viewer.keyboard.press('m')
  await until('the sound to change', async () => (await video.state()).muted !== muted)
  await viewer.keyboard.press('k')
  await until('it to play', async () => !(await video.state()).paused)
  await viewer.keyboard.press('f')
  await until('full screen', () => viewer.evaluate(() => document.fullscreenElement !== null))
  await viewer.keyboard.press('f')
  await until('no full screen', () => viewer.evaluate(() => document.fullscreenElement === null))
  await viewer.keyboard.press('End')
})

step(
  'replaces the key of a stream on air without a break, and tells of who still tries the old one',
  async () => {
    await studio.getByText('Server, stream key and encoder settings').click()
    const old = await windows.ingestUrl()
    await studio.getByRole('button', { name: 'Replace the key' }).click()
    await studio.getByText(/must get the new key before it connects again/).waitFor()
    await checkScreen(browser, studio, 'studio-replacing-key')
    await windows.confirm('Replace the key')
    await until('a new stream key', async () => (await windows.ingestUrl()) !== old)
    await using refused = new Encoder(old)
    await refused.exited()
    await studio.getByText('An encoder tried with a key that was replaced').waitFor(SLOW)
    await studio.getByText('You are live').waitFor()
    await video.plays(2)
    await checkScreen(browser, studio, 'studio-rotated-try')
  },
)

step('creates a new stream with the same title in one click, also after the stream key expired', async () => {
  await studio.getByRole('button', { name: 'End stream' }).click()
  await windows.confirm('End stream')
  await studio.getByRole('button', { name: 'New stream with the same title' }).click()
  await studio.getByText('Waiting for your encoder').waitFor()
  await studio.getByRole('heading', { name: TITLE }).waitFor()
  await stack.database.query("UPDATE streams SET deadline_at = created_at WHERE status = 'waiting'")
  await studio.getByText('The stream key has expired').waitFor(SLOW)
  await checkScreen(browser, studio, 'studio-expired')
  await studio.getByRole('button', { name: 'New stream with the same title' }).click()
  await studio.getByText('Waiting for your encoder').waitFor()
})

step('says what is wrong when an encoder sends another codec', async () => {
  await using _wrong = new Encoder(await windows.ingestUrl(), { video: ['-c:v', 'flv1', '-g', '15'] })
  await studio.getByText(/Set its video encoder to H\.264/).waitFor(SLOW)
  await checkScreen(browser, studio, 'studio-wrong-codec')
})
