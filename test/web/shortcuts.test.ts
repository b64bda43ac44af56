// The player's keyboard shortcuts: which action each one has, and where a seek ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Focus, seekTarget, shortcutAction } from '../../apps/web/src/player/shortcuts.ts'

const NONE = { shiftKey: false, ctrlKey: false, altKey: false, metaKey: false }
const press = (key: string, focus: Focus = 'other', held: Partial<typeof NONE> = {}) =>
  shortcutAction({ key, ...NONE, ...held }, focus)

test('has the shortcuts that people know from YouTube', () => {
  assert.deepEqual(
    [' ', 'k', 'K', 'm', 'f'].map((key) => press(key)?.kind),
    [...['play', 'play', 'play', 'mute', 'fullscreen']],
  )
  assert.deepEqual(press('j'), { kind: 'seek', by: -10 })
  assert.deepEqual(press('ArrowRight'), { kind: 'seek', by: 5 })
  assert.deepEqual(press('3'), { kind: 'seek-to', fraction: 0.3 })
  assert.deepEqual(press('End'), { kind: 'live' })
  assert.equal(press('x'), undefined)
  assert.equal(press('Tab'), undefined)
})

test('leaves keyboard input to the focused element and to the browser', () => {
  assert.equal(press('k', 'text'), undefined)
  assert.equal(press(' ', 'button'), undefined)
  assert.equal(press('k', 'button')?.kind, 'play')
  assert.equal(press('ArrowLeft', 'slider'), undefined)
  assert.equal(press('m', 'slider')?.kind, 'mute')
  for (const held of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
    assert.equal(press('f', 'other', held), undefined)
  }
  assert.equal(press('1', 'other', { shiftKey: true }), undefined)
})

test('never seeks outside the seekable range', () => {
  const range = { start: 100, end: 3_700 }
  assert.equal(seekTarget({ kind: 'seek', by: -10 }, 3_690, range), 3_680)
  assert.equal(seekTarget({ kind: 'seek', by: 10 }, 3_695, range), 3_700)
  assert.equal(seekTarget({ kind: 'seek', by: -10 }, 103, range), 100)
  assert.equal(seekTarget({ kind: 'seek-to', fraction: 0.5 }, 3_690, range), 1_900)
})
