// The <video> of a watch page, with the reads and waits that tests need.
import type { Locator, Page } from 'playwright-core'
import { PictureCounter, type Reading } from './picture-counter.ts'
import { until } from './until.ts'

/** On a busy machine video takes long to start. */
const SLOW_MS = 40_000

export class WatchedVideo {
  readonly #page: Page
  readonly #counter = new PictureCounter()

  constructor(page: Page) {
    this.#page = page
  }

  get element(): Locator {
    return this.#page.locator('video')
  }

  state(): Promise<{ paused: boolean; muted: boolean; currentTime: number }> {
    return this.element.evaluate((element) => {
      const { paused, muted, currentTime } = element as HTMLVideoElement
      return { paused, muted, currentTime }
    })
  }

  async time(): Promise<number> {
    return (await this.state()).currentTime
  }

  /** The time that the counter in the test picture shows. */
  read(): Promise<Reading> {
    return this.#counter.read(this.element)
  }

  async starts(): Promise<void> {
    await this.element.waitFor({ state: 'attached', timeout: SLOW_MS })
    await this.reaches(0.2)
  }

  async reaches(seconds: number): Promise<void> {
    await until(`the video to be at ${seconds} s`, async () => (await this.time()) > seconds, SLOW_MS)
  }

  async plays(seconds: number): Promise<void> {
    await this.reaches((await this.time()) + seconds)
  }

  atLiveEdge(): Promise<boolean> {
    return this.#page
      .locator('media-live-button')
      .evaluate((button) => button.hasAttribute('mediatimeislive'))
  }
}
