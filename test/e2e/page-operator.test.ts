// The operator's page in a real Chromium, and what streamer and viewers see of what the operator does.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkScreen } from '../support/screens.ts'
import { step } from '../support/steps.ts'
import { until } from '../support/until.ts'
import { openWindows, SLOW } from '../support/windows.ts'

const TOKEN = 'an-operators-token-of-24-characters'
const TITLE = 'A film that is not theirs'

const { stack, browser, studio, viewer, video, field, ...windows } = await openWindows({ API_TOKENS: TOKEN })
const operator = await browser.context.newPage()
const button = (name: string) => operator.getByRole('button', { name })
const confirm = (label: string) => operator.getByRole('dialog').getByRole('button', { name: label }).click()
const watchUrl = () => field('Watch link').inputValue()
const idOf = (url: string) => url.split('/').at(-1) ?? ''
const isStored = (id: string) =>
  [stack.hlsDir, stack.dashDir, stack.recordingsDir].some((root) => existsSync(join(root, id)))

async function publish(title: string): Promise<string> {
  await windows.askForKey(title)
  await studio.getByText('Waiting for your encoder').waitFor()
  windows.publish(await windows.ingestUrl())
  await studio.getByText('You are live').waitFor(SLOW)
  return watchUrl()
}

step('asks for a token, says when it is wrong, and keeps it in this tab only', async () => {
  await operator.goto(`${stack.url}/operator`)
  await checkScreen(browser, operator, 'operator-token')
  await operator.getByLabel('API token').fill('a-token-that-somebody-has-guessed')
  await button('Continue').click()
  await operator.getByText('The server does not accept this token').waitFor()
  await operator.getByLabel('API token').fill(TOKEN)
  await button('Continue').click()
  await operator.getByText('Nothing is on air').waitFor()
  await operator.reload()
  await operator.getByText('Nothing is on air').waitFor()
  assert.equal(operator.url(), `${stack.url}/operator`)
  assert.ok(!(await operator.evaluate(() => JSON.stringify({ ...localStorage }))).includes(TOKEN))
  assert.equal(await operator.evaluate(() => document.cookie), '')
})

step('shows what is live: address, encoder, bitrate, viewers', async () => {
  await viewer.goto(await publish(TITLE))
  await video.starts()
  const item = operator.getByRole('listitem').filter({ hasText: TITLE })
  await operator.bringToFront()
  await item.getByText('127.0.0.1', { exact: true }).waitFor()
  await item.getByText(/Lavf/).waitFor()
  await item.getByText(/bit\/s/).waitFor(SLOW)
  await item.getByText(/H\.264/).waitFor()
  await until('the viewer', async () => /Watching1/.test((await item.textContent()) ?? ''))
  await checkScreen(browser, operator, 'operator-live')
})

step('takes a stream down: who watches is told at once, and nothing of it is left', async () => {
  const id = idOf(await watchUrl())
  const playlist = `${stack.url}/hls/${id}/index.m3u8`
  assert.equal((await fetch(playlist)).status, 200)
  await operator.bringToFront()
  await button('Take down').click()
  await operator
    .getByRole('dialog')
    .getByText(/video, pictures, recording and title/)
    .waitFor()
  await checkScreen(browser, operator, 'operator-take-down')
  const askedAt = performance.now()
  await confirm('Take down')
  await viewer.bringToFront()
  await viewer.getByRole('heading', { name: 'This stream was removed' }).waitFor()
  assert.equal(await viewer.locator('video').count(), 0, 'nothing plays on')
  await until('the files to be 404', async () => (await fetch(playlist)).status === 404, 5_000)
  assert.ok(performance.now() - askedAt < 10_000)
  await checkScreen(browser, viewer, 'watch-removed')
  await studio.bringToFront()
  await studio.getByText('This stream was removed from the server').waitFor()
  await checkScreen(browser, studio, 'studio-removed')
  await until('all files to be gone', () => !isStored(id))
  await operator.bringToFront()
  await operator.getByText('Nothing is on air').waitFor()
})

step('ends a stream, and takes one down by its link that has ended', async () => {
  await studio.getByRole('button', { name: 'New stream', exact: true }).click()
  const url = await publish('Another film')
  await operator.bringToFront()
  await button('End stream').click()
  await confirm('End stream')
  await operator.getByText('Nothing is on air').waitFor()
  await studio.bringToFront()
  await studio.getByText('An operator of this server ended the stream').waitFor()
  await operator.bringToFront()
  await operator.getByLabel('Watch link or stream id').fill(`${url}?from=mail`)
  await button('Find').click()
  await operator.getByText('Another film').waitFor()
  await checkScreen(browser, operator, 'operator-by-link')
  await button('Take down').click()
  await confirm('Take down')
  await operator.getByText('The stream was taken down').waitFor()
  await button('Find').click()
  await operator.getByText('There is no stream with this link').waitFor()
  await until('all files to be gone', () => !isStored(idOf(url)))
  await button('Forget the token').click()
  await operator.getByLabel('API token').waitFor()
  await operator.reload()
  await operator.getByLabel('API token').waitFor()
})

step('shows the last tries to publish, and none of streams that were taken down', async () => {
  const stranger = windows.publish(`${stack.rtmpUrl}/live_${'a'.repeat(28)}`)
  await stranger.exited()
  await operator.bringToFront()
  await operator.getByLabel('API token').fill(TOKEN)
  await button('Continue').click()
  const tries = operator.getByRole('region', { name: 'Last tries to publish' })
  await tries.getByText('Refused: not a stream key').waitFor()
  await tries.getByText(/127\.0\.0\.1/).waitFor()
  assert.equal(await tries.getByText('Accepted').count(), 0)
  await checkScreen(browser, operator, 'operator-tries')
})

step('the streamer can delete the stream in the studio, while it is live', async () => {
  await studio.bringToFront()
  await studio.getByRole('button', { name: 'New stream', exact: true }).click()
  const url = await publish('A slip')
  await viewer.goto(url)
  await video.starts()
  await viewer.goto(`${stack.url}/`)
  await viewer.getByRole('link', { name: 'A slip' }).waitFor()
  await studio.bringToFront()
  await studio.getByRole('button', { name: 'Delete this stream' }).click()
  await studio
    .getByRole('dialog')
    .getByText(/removed from the server for good/)
    .waitFor()
  await checkScreen(browser, studio, 'studio-delete')
  await windows.confirm('Delete this stream')
  await field('Title').waitFor()
  await viewer.bringToFront()
  await viewer.getByRole('heading', { name: /nobody is live/i }).waitFor()
  await until('all files to be gone', () => !isStored(idOf(url)))
  await viewer.goto(url)
  await viewer.getByRole('heading', { name: 'Stream not found' }).waitFor()
  assert.deepEqual(
    browser.complaints.filter((text) => !/404|401/.test(text)),
    [],
  )
})
