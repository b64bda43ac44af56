// What is done over and over only while somebody sees it, with a stand-in for the browser's tab.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { repeatWhileSeen } from '../../apps/web/src/ui/repeat-while-seen.ts'
import { until } from '../support/until.ts'

const EVERY_MS = 20
const ELEMENT = {} as Element

class Tab extends EventTarget {
  hidden = false

  turn(hidden: boolean): void {
    this.hidden = hidden
    this.dispatchEvent(new Event('visibilitychange'))
  }
}

let tab: Tab
let scroll: (isIntersecting: boolean) => void
let done: number
let stop: (() => void) | undefined

beforeEach(() => {
  tab = new Tab()
  done = 0
  class Sight {
    constructor(report: (entries: { isIntersecting: boolean }[]) => void) {
      scroll = (isIntersecting) => report([{ isIntersecting }])
    }
    observe(): void {}
    disconnect(): void {}
  }
  Object.assign(globalThis, { document: tab, IntersectionObserver: Sight })
})

afterEach(() => stop?.())

const work = async () => {
  done += 1
}
const goesOn = () => {
  const before = done
  return until('it to go on', () => done > before + 1)
}
const rests = async () => {
  // What is under way may end.
  await delay(EVERY_MS)
  const before = done
  await delay(EVERY_MS * 4)
  assert.equal(done, before)
}

test('begins at once, goes on, and ends when told', async () => {
  stop = repeatWhileSeen({ everyMs: EVERY_MS, work })
  await goesOn()
  stop()
  await rests()
})

test('rests while the tab is hidden, and goes on when it is looked at', async () => {
  stop = repeatWhileSeen({ everyMs: EVERY_MS, work })
  await goesOn()
  tab.turn(true)
  await rests()
  tab.turn(false)
  await goesOn()
})

test('waits until the element is in sight, and rests when it is scrolled away', async () => {
  stop = repeatWhileSeen({ everyMs: EVERY_MS, work, element: ELEMENT })
  await rests()
  assert.equal(done, 0)
  scroll(true)
  await goesOn()
  scroll(false)
  await rests()
})

test('does not hurry when the element comes and goes', async () => {
  stop = repeatWhileSeen({ everyMs: 60_000, work, element: ELEMENT })
  for (const inSight of [true, false, true, false, true]) {
    scroll(inSight)
    await delay(EVERY_MS)
  }
  assert.equal(done, 1)
})

test('goes on after a failure, one at a time', async () => {
  let under = 0
  let most = 0
  stop = repeatWhileSeen({
    everyMs: 1,
    work: async () => {
      under += 1
      most = Math.max(most, under)
      done += 1
      await delay(5)
      tab.turn(false)
      await delay(5)
      under -= 1
      throw new Error('no answer')
    },
  })
  await goesOn()
  await goesOn()
  assert.equal(most, 1)
})
