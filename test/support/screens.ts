// Checks how a page looks on a desktop in light mode and on a phone in dark mode: axe must find no
// violation and nothing may be wider than the screen. Each check saves a screenshot in test/.output.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { violations } from './axe.ts'
import type { TestBrowser } from './browser.ts'

const FOLDER = join(import.meta.dirname, '../.output')
const SCREENS = [
  { name: 'desktop', width: 1280, height: 800, colorScheme: 'light' },
  { name: 'phone', width: 390, height: 844, colorScheme: 'dark' },
] as const

/** @param state the name of the screenshot, such as `watch-live` */
export async function checkScreen({ complaints }: TestBrowser, page: Page, state: string): Promise<void> {
  // Chromium renders a page in the background only about once a second.
  await page.bringToFront()
  mkdirSync(FOLDER, { recursive: true })
  for (const { name, width, height, colorScheme } of SCREENS) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(FOLDER, `${state}-${name}.png`), fullPage: true })
    const before = complaints.length
    assert.deepEqual(await violations(page), [], `axe on ${state}, ${name}`)
    // axe sets inline styles, which the page's Content-Security-Policy blocks and reports.
    complaints.length = before
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    assert.ok(wide <= 0, `${state} is ${wide} px wider than a screen of ${width} px`)
  }
  await page.setViewportSize(SCREENS[0])
  await page.emulateMedia({ colorScheme: SCREENS[0].colorScheme })
}
