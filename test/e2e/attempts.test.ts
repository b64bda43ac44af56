// The studio tells its streamer of tries that went wrong, and why a limit has ended the stream.
import assert from 'node:assert/strict'
import { Encoder } from '../support/encoder.ts'
import { checkScreen } from '../support/screens.ts'
import { step } from '../support/steps.ts'
import { openWindows, SLOW } from '../support/windows.ts'

const { stack, browser, studio, field, ...windows } = await openWindows({ MAX_BITRATE: '100' })

step('says that an encoder tried with an expired key', async () => {
  await studio.goto(`${stack.url}/studio`)
  await windows.askForKey('Late')
  await studio.getByText('Waiting for your encoder').waitFor()
  const url = await windows.ingestUrl()
  await stack.database.query("UPDATE streams SET deadline_at = created_at WHERE status = 'waiting'")
  await studio.getByText('The stream key has expired').waitFor(SLOW)
  await using refused = new Encoder(url)
  await refused.exited()
  await studio.getByText('An encoder tried with an expired key').waitFor(SLOW)
  const text = (await studio.getByRole('region', { name: 'Last try to publish' }).textContent()) ?? ''
  assert.match(text, /\d+ s ago from 127\.0\.0\.1 \(.*Lavf/)
  await checkScreen(browser, studio, 'studio-expired-try')
})

step('warns of a bitrate that is too high, and says afterwards that it has ended the stream', async () => {
  await studio.getByRole('button', { name: 'New stream with the same title' }).click()
  await studio.getByText('Waiting for your encoder').waitFor()
  await using encoder = new Encoder(await windows.ingestUrl())
  await studio.getByText(/You send more than this server takes \(100 kbit\/s\)/).waitFor(SLOW)
  await encoder.exited()
  await studio.getByText(/The encoder sent \d+ kbit\/s; this server takes 100\./).waitFor(SLOW)
  await studio.getByText(/Lower the bitrate in your encoder/).waitFor()
  await checkScreen(browser, studio, 'studio-limit')
})
