// Looks at a page as people do: on a desk in light, on a phone in dark. Each look is checked by axe
// and for anything that runs out of the screen, and leaves a picture in test/.output.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { violations } from './axe.ts'
import type { TestBrowser } from './browser.ts'

const FOLDER = join(import.meta.dirname, '../.output')
const LOOKS = [
  { name: 'desk', width: 1280, height: 800, colorScheme: 'light' },
  { name: 'phone', width: 390, height: 844, colorScheme: 'dark' },
] as const

export async function look({ complaints }: TestBrowser, page: Page, state: string): Promise<void> {
  // Chromium draws a page behind another one about once a second.
  await page.bringToFront()
  mkdirSync(FOLDER, { recursive: true })
  for (const { name, width, height, colorScheme } of LOOKS) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(FOLDER, `${state}-${name}.png`), fullPage: true })
    const before = complaints.length
    assert.deepEqual(await violations(page), [], `axe on ${state}, ${name}`)
    // The page's policy refuses styles that axe tries on it.
    complaints.length = before
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    assert.ok(wide <= 0, `${state} runs ${wide} px out of a screen ${width} px wide`)
  }
  await page.setViewportSize(LOOKS[0])
  await page.emulateMedia({ colorScheme: LOOKS[0].colorScheme })
}
