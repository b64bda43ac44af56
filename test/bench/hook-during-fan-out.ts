// The longest that a hook waits while control tells ten thousand readers of an event.
import { newStreamKey } from '../../apps/control/domain/keys.ts'
import type { Bench } from './bench.ts'
import { atMost, type Row } from './measurement.ts'
import type { HookSender } from './programs/hook-sender.ts'
import type { Readers } from './programs/readers.ts'
import { median } from './statistics.ts'
import { awaitStreams, bringPlaylist, startWorld } from './world.ts'

/** One after the other, for about as long as a fan-out takes and a little more. */
const HOOKS = 150
/** The first ones make sure that hooks are on their way when the event comes. */
const EVENT_AFTER_MS = 20

export async function hookDuringFanOut(parent: Bench): Promise<Row[]> {
  await using bench = parent.part()
  const count = bench.scale.readers.at(-1) ?? 0
  const world = await startWorld(bench)
  const awaited = await awaitStreams(world, bench.scale.fanOutRounds)
  const readers = bench.helper<Readers>('readers')
  await readers.call('connect', { port: world.control.apiPort, count })
  const sender = bench.helper<HookSender>('hook-sender')
  const longest = async () => {
    const { eachMs } = await sender.call('send', {
      ...{ port: world.control.hooksPort, hook: 'on_publish', status: 403, atOnce: 1, firstClientId: 1 },
      names: Array.from({ length: HOOKS }, () => newStreamKey().reveal()),
    })
    return Math.max(...eachMs)
  }
  await longest()
  const samples: { quiet: number[]; busy: number[] } = { quiet: [], busy: [] }
  for (const stream of awaited) {
    samples.quiet.push(await longest())
    await readers.call('expect')
    const waiting = longest()
    setTimeout(() => bringPlaylist(stream), EVENT_AFTER_MS)
    samples.busy.push(await waiting)
    await readers.call('arrivals')
  }
  return [
    {
      ...{
        what: `longest wait of a hook, event to ${count} readers`,
        figure: median(samples.busy),
        unit: 'ms',
      },
      beside: { what: 'without an event', figure: median(samples.quiet) },
      bars: [atMost(15)],
    },
  ]
}
