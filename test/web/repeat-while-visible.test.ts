// Repeats a task only while its result is visible, with a fake of the browser's tab.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { repeatWhileVisible } from '../../apps/web/src/ui/repeat-while-visible.ts'
import { until } from '../support/until.ts'

const EVERY_MS = 20
const ELEMENT = {} as Element

class Tab extends EventTarget {
  hidden = false

  setHidden(hidden: boolean): void {
    this.hidden = hidden
    this.dispatchEvent(new Event('visibilitychange'))
  }
}

let tab: Tab
let scroll: (isIntersecting: boolean) => void
let runs: number
let stop: (() => void) | undefined

beforeEach(() => {
  tab = new Tab()
  runs = 0
  class Observer {
    constructor(report: (entries: { isIntersecting: boolean }[]) => void) {
      scroll = (isIntersecting) => report([{ isIntersecting }])
    }
    observe(): void {}
    disconnect(): void {}
  }
  Object.assign(globalThis, { document: tab, IntersectionObserver: Observer })
})

afterEach(() => stop?.())

const task = async () => {
  runs += 1
}
const keepsRunning = () => {
  const before = runs
  return until('more runs', () => runs > before + 1)
}
const pauses = async () => {
  // A run that has already started may finish.
  await delay(EVERY_MS)
  const before = runs
  await delay(EVERY_MS * 4)
  assert.equal(runs, before)
}

test('starts at once, repeats, and stops when told', async () => {
  stop = repeatWhileVisible({ everyMs: EVERY_MS, task })
  await keepsRunning()
  stop()
  await pauses()
})

test('pauses while the tab is hidden, and continues when it is shown again', async () => {
  stop = repeatWhileVisible({ everyMs: EVERY_MS, task })
  await keepsRunning()
  tab.setHidden(true)
  await pauses()
  tab.setHidden(false)
  await keepsRunning()
})

test('waits until the element is in view, and pauses when it is scrolled away', async () => {
  stop = repeatWhileVisible({ everyMs: EVERY_MS, task, element: ELEMENT })
  await pauses()
  assert.equal(runs, 0)
  scroll(true)
  await keepsRunning()
  scroll(false)
  await pauses()
})

test('keeps its interval when the element is scrolled in and out of view', async () => {
  stop = repeatWhileVisible({ everyMs: 60_000, task, element: ELEMENT })
  for (const inView of [true, false, true, false, true]) {
    scroll(inView)
    await delay(EVERY_MS)
  }
  assert.equal(runs, 1)
})

test('continues after a failure, one run at a time', async () => {
  let running = 0
  let most = 0
  stop = repeatWhileVisible({
    everyMs: 1,
    task: async () => {
      running += 1
      most = Math.max(most, running)
      runs += 1
      await delay(5)
      tab.setHidden(false)
      await delay(5)
      running -= 1
      throw new Error('no answer')
    },
  })
  await keepsRunning()
  await keepsRunning()
  assert.equal(most, 1)
})
