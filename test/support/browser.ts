// Debian's Chromium without a window, driven by playwright-core.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface TestBrowser extends AsyncDisposable {
  readonly context: BrowserContext
  /** What the pages' consoles have complained about. */
  readonly complaints: string[]
}

/**
 * A browser with a profile of its own, removed afterwards.
 * @param options.ignoreHTTPSErrors for certificates that nobody has signed
 */
export async function startBrowser(
  viewport = { width: 1280, height: 800 },
  { ignoreHTTPSErrors = false } = {},
): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: FLAGS,
    viewport,
    ignoreHTTPSErrors,
  })
  const complaints: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  return {
    context,
    complaints,
    async [Symbol.asyncDispose]() {
      await context.close()
      await rm(profile, { recursive: true, force: true })
    },
  }
}
