// All measurements, in the order of the table.
import { fanOut } from './fan-out.ts'
import { liveEvent } from './live-event.ts'
import type { Measurement } from './measurement.ts'
import { publishGate } from './publish-gate.ts'

export const MEASUREMENTS: readonly Measurement[] = [liveEvent, fanOut, publishGate]
