// The page in a real Chromium, with a real stream: the card comes by itself, and the video plays.
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startBrowser, type TestBrowser } from '../support/browser.ts'
import { Encoder } from '../support/encoder.ts'
import { type IssuedAnswer, TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const SCREENSHOTS = join(import.meta.dirname, '../.output')
const TITLE = 'Seen in a browser'

let stack: TestStack
let browser: TestBrowser
let stream: IssuedAnswer
let encoder: Encoder

before(async () => {
  await mkdir(SCREENSHOTS, { recursive: true })
  stack = await TestStack.start()
  browser = await startBrowser()
})

after(async () => {
  await encoder?.[Symbol.asyncDispose]()
  await browser?.[Symbol.asyncDispose]()
  await stack?.[Symbol.asyncDispose]()
})

test('a card comes when a stream goes live, without a reload, and leads to it', async () => {
  const page = await browser.context.newPage()
  await page.goto(`${stack.url}/`)
  await page
    .getByRole('link', { name: /go live|studio/i })
    .first()
    .waitFor()
  assert.equal(await page.getByText(TITLE).count(), 0)
  stream = await stack.create({ title: TITLE })
  encoder = new Encoder(`${stream.streamKey.ingestUrl}/${stream.streamKey.value}`)
  await page.getByText(TITLE).waitFor({ timeout: 20_000 })
  await page.screenshot({ path: join(SCREENSHOTS, 'live.png') })
  await page.getByText(TITLE).click()
  await page.waitForURL(`${stack.url}/watch/${stream.id}`)
  await page.close()
})

test('the stream plays on its watch page, and its picture moves', async () => {
  const page = await browser.context.newPage()
  await page.goto(`${stack.url}/watch/${stream.id}`)
  const video = page.locator('video')
  await video.waitFor({ state: 'attached' })
  const time = () => video.evaluate((element) => (element as HTMLVideoElement).currentTime)
  const first = await until('the video to play', async () => (await time()) > 0.2 && (await time()), 30_000)
  await until('it to go on', async () => (await time()) > first + 2, 30_000)
  const colours = await video.evaluate((element) => {
    const canvas = document.createElement('canvas')
    canvas.width = 32
    canvas.height = 18
    const pen = canvas.getContext('2d')
    pen?.drawImage(element as HTMLVideoElement, 0, 0, 32, 18)
    const { data } = pen?.getImageData(0, 0, 32, 18) ?? { data: [] }
    return new Set(Array.from({ length: data.length / 4 }, (_, at) => data.slice(at * 4, at * 4 + 3).join()))
      .size
  })
  assert.ok(colours > 50, `the test picture has many colours, this has ${colours}`)
  await page.screenshot({ path: join(SCREENSHOTS, 'watch.png') })

  await stack.manage(stream.id, 'end', stream.streamKey.value)
  await page
    .getByText(/ended|over/i)
    .first()
    .waitFor({ timeout: 30_000 })
  await page.screenshot({ path: join(SCREENSHOTS, 'ended.png') })
  assert.deepEqual(browser.complaints, [])
  await page.close()
})
