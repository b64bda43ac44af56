// All measurements, in the order of the table.
import { backfill } from './backfill.ts'
import { fanOut } from './fan-out.ts'
import { idle } from './idle.ts'
import { keys } from './keys.ts'
import { liveEvent } from './live-event.ts'
import type { Measurement } from './measurement.ts'
import { publishGate } from './publish-gate.ts'
import { reconnect } from './reconnect.ts'
import { restart } from './restart.ts'
import { watchCost } from './watch-cost.ts'

export const MEASUREMENTS: readonly Measurement[] = [
  ...[liveEvent, watchCost, fanOut, publishGate],
  ...[keys, restart, reconnect, backfill, idle],
]
