// Preloaded into a process (node --import): its system clock is wrong by CLOCK_OFFSET_MS from the start on, and
// by CLOCK_LATER_OFFSET_MS once it gets SIGUSR2.

const RealDate = Date
let offsetMs = Number(process.env.CLOCK_OFFSET_MS ?? 0)
process.on('SIGUSR2', () => {
  offsetMs = Number(process.env.CLOCK_LATER_OFFSET_MS ?? 0)
})

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + offsetMs] : args, newTarget),
  get: (target, property, receiver) =>
    property === 'now' ? () => RealDate.now() + offsetMs : Reflect.get(target, property, receiver),
})
