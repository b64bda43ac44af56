// Which node has to do what for a recording whose broadcast moved between nodes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Recording, RecordingStatus } from '../../../apps/control/domain/recording.ts'
import { newRecording } from '../../../apps/control/domain/recording.ts'
import type { RecordingPart } from '../../../apps/control/domain/recording-part.ts'
import {
  bytesIn,
  type RecordingTask,
  recordingTask,
  segmentsElsewhere,
} from '../../../apps/control/domain/recording-task.ts'

/** A node's part; `segments` null: it has not stored all of it yet. */
function part(nodeId: string, storageId: string, segments: number | null): RecordingPart {
  const stored = segments === null ? null : { segments, sizeBytes: segments * 10 }
  return { nodeId, storageId, publicUrl: `http://${nodeId}.example`, stored }
}

function recording(status: RecordingStatus, ...parts: RecordingPart[]): Recording {
  return { ...newRecording('folder', part('x', 'x', null)), status, parts, sizeBytes: 1_000 }
}

/** What each of three nodes has to do: a and b store in folder f, c in a folder of its own. */
function tasks(of: Recording, ...dead: string[]): Record<string, string | null> {
  const folders: Readonly<Record<string, string>> = { a: 'f', b: 'f', c: 'g' }
  const taskOf = (nodeId: string) =>
    recordingTask(of, {
      nodeId,
      canReach: (storageId) => folders[nodeId] === storageId,
      isDead: (other) => other !== nodeId && dead.includes(other),
    })
  const entries = Object.keys(folders)
    .filter((nodeId) => !dead.includes(nodeId))
    .map((nodeId) => [nodeId, brief(taskOf(nodeId))])
  return Object.fromEntries(entries)
}

function brief(task: RecordingTask | null): string | null {
  if (task === null) return null
  if (task.kind !== 'remove') return `${task.kind} ${task.part.nodeId}`
  return `remove ${task.storageIds.join()} of ${task.parts.map(({ nodeId }) => nodeId).join()}`
}

describe('while the broadcast runs and until each has all of it', () => {
  test('every node stores its own part', () => {
    for (const status of ['recording', 'processing'] as const) {
      const of = recording(status, part('a', 'f', null), part('b', 'f', 2), part('c', 'g', null))
      assert.deepEqual(tasks(of), { a: 'store a', b: null, c: 'store c' })
    }
  })
})

describe('after the broadcast', () => {
  test('the node with the last part finalizes it, once every part is stored', () => {
    const open = recording('processing', part('a', 'f', null), part('b', 'f', 2))
    assert.deepEqual(tasks(open), { a: 'store a', b: null, c: null })
    const complete = recording('processing', part('a', 'f', 1), part('b', 'f', 2))
    assert.deepEqual(tasks(complete), { a: null, b: 'finalize b', c: null })
  })

  test('a node that is dead is not waited for, and one that sees the folder finalizes in its place', () => {
    const open = recording('processing', part('a', 'f', null), part('b', 'f', 2))
    assert.deepEqual(tasks(open, 'a'), { b: 'finalize b', c: null })
    const last = recording('processing', part('b', 'f', 2), part('a', 'f', null))
    assert.deepEqual(tasks(last, 'a'), { b: 'finalize a', c: null })
  })

  test('a node that cannot see the folder never finalizes it', () => {
    const of = recording('processing', part('c', 'g', null))
    assert.deepEqual(tasks(of, 'c'), { a: null, b: null })
    assert.deepEqual(tasks(recording('processing', part('a', 'f', 1)), 'a', 'b'), { c: null })
  })

  test('the recording is where the last segments are; what is elsewhere is missing from it', () => {
    const of = recording('processing', part('a', 'f', 7), part('c', 'g', 2))
    assert.deepEqual(tasks(of), { a: null, b: null, c: 'finalize c' })
    assert.equal(segmentsElsewhere(of), 7)
    assert.deepEqual([bytesIn(of, 'g'), bytesIn(of, 'f'), bytesIn(of, 'h')], [1_000, 70, 0])
    const empty = recording('processing', part('a', 'f', 7), part('c', 'g', 0))
    assert.deepEqual(tasks(empty), { a: 'finalize a', b: null, c: null })
    assert.equal(segmentsElsewhere(empty), 0)
  })

  test('nobody has anything to do for one that is finished', () => {
    for (const status of ['ready', 'failed', 'deleted'] as const)
      assert.deepEqual(tasks(recording(status, part('a', 'f', null))), { a: null, b: null, c: null })
  })
})

describe('a deletion', () => {
  test('is carried out by every node that sees the files', () => {
    const of = recording('deleting', part('a', 'f', 1), part('c', 'g', 1))
    assert.deepEqual(tasks(of), { a: 'remove f of a', b: 'remove f of a', c: 'remove g of c' })
  })

  test('is reported for a part that is still being stored by its own node only, unless that is dead', () => {
    const of = recording('deleting', part('a', 'f', null))
    assert.deepEqual(tasks(of), { a: 'remove f of a', b: 'remove f of ', c: null })
    assert.deepEqual(tasks(of, 'a'), { b: 'remove f of a', c: null })
  })
})
