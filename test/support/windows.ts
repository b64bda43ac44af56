// What the page's tests begin with: a whole OnAir, and a browser with two windows, the streamer's and
// a viewer's.
import { after } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { startBrowser, type TestBrowser } from './browser.ts'
import { Encoder } from './encoder.ts'
import { TestStack } from './stack.ts'
import { WatchedVideo } from './watched-video.ts'

/** For what a busy machine takes its time for. */
export const SLOW = { timeout: 40_000 }

export interface Windows {
  readonly stack: TestStack
  readonly browser: TestBrowser
  readonly studio: Page
  readonly viewer: Page
  /** The viewer's. */
  readonly video: WatchedVideo
  /** A field of the studio. */
  readonly field: (label: string) => Locator
  /** Where an encoder publishes to, as the studio says. */
  readonly ingestUrl: () => Promise<string>
  /** Fills in the studio's form. */
  readonly askForKey: (title: string) => Promise<void>
  /** Confirms what the studio asks. */
  readonly confirm: (label: string) => Promise<void>
  readonly publish: (url: string) => Encoder
}

/** All of it is closed after the file's last test. */
export async function openWindows(settings: Record<string, string> = {}): Promise<Windows> {
  const owned = new AsyncDisposableStack()
  after(() => owned.disposeAsync())
  const stack = owned.use(await TestStack.start(settings))
  const browser = owned.use(await startBrowser())
  browser.context.setDefaultTimeout(15_000)
  const studio = await browser.context.newPage()
  const viewer = await browser.context.newPage()
  const field = (label: string) => studio.getByLabel(label, { exact: true })
  const button = (name: string) => studio.getByRole('button', { name })
  return {
    ...{ stack, browser, studio, viewer, video: new WatchedVideo(viewer), field },
    ingestUrl: async () => `${await field('Server').inputValue()}/${await field('Stream key').inputValue()}`,
    async askForKey(title) {
      await studio.goto(`${stack.url}/studio`)
      await field('Title').fill(title)
      await button('Get a stream key').click()
    },
    confirm: (label) => studio.getByRole('dialog').getByRole('button', { name: label }).click(),
    publish: (url) => owned.use(new Encoder(url)),
  }
}
