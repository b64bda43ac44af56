// keys: streams created a second through the API; beside a bare Fastify with the same statements by hand.
import type { Bench } from './bench.ts'
import type { Measurement, Row } from './measurement.ts'
import type { GatePeer } from './programs/gate-peer.ts'
import { median } from './statistics.ts'
import { startWorld } from './world.ts'

const AT_ONCE = 10

export const keys: Measurement = {
  name: 'keys',
  about: 'streams created a second',
  async run(bench) {
    const { rounds, streams } = bench.scale.keys
    const world = await startWorld(bench)
    const peerPort = await startPeer(bench)
    const samples: { own: number[]; peer: number[] } = { own: [], peer: [] }
    for (let round = 0; round < rounds; round++) {
      samples.own.push(await createdPerSecond(world.control.apiPort, streams))
      samples.peer.push(await createdPerSecond(peerPort, streams))
    }
    const row: Row = {
      ...{ what: `${AT_ONCE} at once`, figure: median(samples.own), unit: '/s' },
      beside: { what: 'mysql2 by hand', figure: median(samples.peer) },
    }
    return [row]
  },
}

async function startPeer(bench: Bench): Promise<number> {
  const database = await bench.database()
  return bench.helper<GatePeer>('gate-peer').call('start', database.url.reveal())
}

async function createdPerSecond(port: number, count: number): Promise<number> {
  let left = count
  const lane = async () => {
    while (left-- > 0) {
      const response = await fetch(`http://127.0.0.1:${port}/v1/streams`, { method: 'POST' })
      if (response.status !== 201) throw new Error(`no stream: ${response.status} ${await response.text()}`)
      await response.body?.cancel()
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return (1_000 * count) / (performance.now() - start)
}
