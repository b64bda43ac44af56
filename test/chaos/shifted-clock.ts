// Loaded into a node's processes before anything else (node --import): shifts their clock by CHAOS_CLOCK_MS, as
// on a machine whose clock is wrong. The monotonic clock stays as it is.
const shiftMs = Number(process.env.CHAOS_CLOCK_MS ?? 0)
const RealDate = globalThis.Date

class ShiftedDate extends RealDate {
  constructor(...args: [] | [number | string | Date]) {
    if (args.length === 0) super(RealDate.now() + shiftMs)
    else super(...args)
  }

  static override now(): number {
    return RealDate.now() + shiftMs
  }
}

globalThis.Date = ShiftedDate as DateConstructor
