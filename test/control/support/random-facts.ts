// Random sequences of facts, for the properties of a stream's life.
import fc from 'fast-check'
import type { Fact } from '../../../apps/control/domain/lifecycle.ts'
import type { Session } from '../../../apps/control/domain/stream.ts'
import { at, KEY_HASH, OTHER_HASH } from './stream-fixtures.ts'

/** A fact, and how far the clock has moved since the fact before; clocks may be set back. */
export interface Step {
  readonly fact: Fact
  readonly stepMs: number
}

/** Few different values, so that facts refer to the same things, and the times at which the rules change. */
export const stepMs = fc.oneof(
  fc.constantFrom(0, 1, 4_999, 5_000, 59_999, 60_000, 599_999, 600_000, -1, -60_000),
  fc.integer({ min: -5_000, max: 90_000 }),
)
const modifiedAt = fc.integer({ min: 0, max: 20 }).map((n) => at(n * 30_000))
const nodeId = fc.constantFrom('node-a', 'node-b')
const storageId = fc.constantFrom('folder-a', 'folder-b')
const nginx = fc.constantFrom('1-100', '2-200', null)
const clientId = fc.integer({ min: 1, max: 3 })
const keyHash = fc.constantFrom(KEY_HASH, OTHER_HASH)
const SUMMARY = {
  ...{ durationMs: 3_000, sizeBytes: 1, missingSegments: 0 },
  ...{ hasPlaylist: true, hasMp4: true, hasPoster: true },
}
export const session: fc.Arbitrary<Session> = fc.record({
  nodeId,
  nginx,
  clientId,
  acceptedAt: modifiedAt,
  baselineAt: fc.option(modifiedAt),
})
const fact: fc.Arbitrary<Fact> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('publisher-accepted'),
      session,
      keyHash,
      publicUrl: nodeId.map((node) => `http://${node}.example`),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('publisher-gone'),
      session: fc.record({ nodeId, nginx, clientId }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('playlist-seen'), nodeId, modifiedAt }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('playlist-stalled'),
      session: fc.record({ nodeId, nginx, clientId }),
      modifiedAt: fc.option(modifiedAt),
    }),
  },
  { weight: 2, arbitrary: fc.constant<Fact>({ kind: 'deadline-passed' }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('end-requested'), by: fc.constantFrom('owner', 'operator') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('limit-exceeded'),
      limit: fc.constantFrom('limit_bitrate', 'limit_duration', 'disk_full'),
      session: fc.option(fc.record({ nodeId, nginx, clientId })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('key-rotated'),
      keyHash,
      expiresAt: modifiedAt,
      keepPublishing: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('delete-requested'), by: fc.constantFrom('owner', 'operator') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('files-removed'), nodeId }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('playlist-closed'), nodeId }) },
  { weight: 1, arbitrary: fc.constant<Fact>({ kind: 'recording-finished', summary: SUMMARY }) },
  {
    weight: 1,
    arbitrary: fc.constant<Fact>({ kind: 'recording-failed', failure: 'disk_full', summary: SUMMARY }),
  },
  { weight: 1, arbitrary: fc.constant<Fact>({ kind: 'recording-delete-requested' }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('recording-part-stored'),
      nodeId,
      storageId,
      stored: fc.record({ segments: fc.nat(3), sizeBytes: fc.nat(9) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recording-part-removed'), nodeId, storageId }) },
)
export const steps: fc.Arbitrary<Step[]> = fc.array(fc.record({ fact, stepMs }), {
  maxLength: 30,
  size: 'max',
})
