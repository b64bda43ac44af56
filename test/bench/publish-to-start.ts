// What an encoder waits for, through a real nginx: RTMP `publish` to NetStream.Publish.Start with no hook,
// with a hook that says 200 at once, and with control, whose whole transaction is done by then.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TestNginx } from '../support/nginx.ts'
import { freePortSettings, freePorts } from '../support/ports.ts'
import { BareNginx } from './bare-nginx.ts'
import type { Bench } from './bench.ts'
import type { ControlProcess } from './control-process.ts'
import { atMostTimes, type Row } from './measurement.ts'
import type { GatePeer } from './programs/gate-peer.ts'
import type { YesServer } from './programs/yes-server.ts'
import { RtmpPublisher } from './rtmp-publisher.ts'
import { insertStreams, waitingStreams } from './seeded-streams.ts'
import { median, percentile } from './statistics.ts'

/** What nginx and control do once a publisher has gone belongs to none of the samples. */
const AFTERMATH_MS = 25

/** One way to be let in; samples in milliseconds. */
interface Way {
  readonly port: number
  readonly app: string
  readonly nextName: () => Promise<string>
  readonly samples: number[]
}

export async function publishToStart(parent: Bench): Promise<Row[]> {
  await using bench = parent.part()
  const { rounds, publishers } = bench.scale.rtmp
  const bare = await startBare(bench)
  const own = await startOnair(bench)
  const byHand = await startByHand(bench)
  for (let count = 0; count < rounds * publishers; count++) {
    for (const way of [bare.none, bare.yes, byHand, own]) await publishOnce(way)
  }
  const row = (what: string, figure: (samples: readonly number[]) => number): Row => ({
    ...{ what: `RTMP publish to Start, ${what}`, figure: figure(own.samples), unit: 'ms' },
    beside: { what: 'a hook that says 200', figure: figure(bare.yes.samples) },
  })
  return [
    { ...row('median', median), bars: [atMostTimes(2.5)] },
    {
      ...{ what: 'RTMP publish to Start, median', figure: median(own.samples), unit: 'ms' },
      beside: { what: 'the transaction by hand', figure: median(byHand.samples) },
    },
    row('p99', (samples) => percentile(samples, 0.99)),
    {
      ...{ what: 'RTMP publish to Start, median', figure: median(own.samples), unit: 'ms' },
      beside: { what: 'no hook', figure: median(bare.none.samples) },
    },
  ]
}

async function publishOnce({ port, app, nextName, samples }: Way): Promise<void> {
  const name = await nextName()
  {
    using publisher = await RtmpPublisher.connect(port, app)
    samples.push(await publisher.publish(name))
  }
  await delay(AFTERMATH_MS)
}

async function startBare(bench: Bench): Promise<{ none: Way; yes: Way }> {
  const [port = 0] = await freePorts(1)
  const hookPort = await bench.helper<YesServer>('yes-server').call('start')
  const applications = `application none { live on; }
    application yes { live on; on_publish http://127.0.0.1:${hookPort}/; }`
  bench.use(await BareNginx.start(await bench.folder(), port, applications))
  let number = 0
  const nextName = async () => `name-${++number}`
  return {
    none: { port, app: 'none', nextName, samples: [] },
    yes: { port, app: 'yes', nextName, samples: [] },
  }
}

/** The same transaction, done by a hook that does nothing else. */
async function startByHand(bench: Bench): Promise<Way> {
  const { rounds, publishers } = bench.scale.rtmp
  const database = await bench.database()
  const hookPort = await bench.helper<GatePeer>('gate-peer').call('start', database.url.reveal())
  const hook = `http://127.0.0.1:${hookPort}/hooks/nginx/on_publish`
  const streams = waitingStreams(rounds * publishers)
  await insertStreams(
    database,
    streams.map(({ stream }) => stream),
  )
  const keys = streams.map(({ key }) => key)
  const [port = 0] = await freePorts(1)
  const application = `application live { live on; on_publish ${hook}; }`
  bench.use(await BareNginx.start(await bench.folder(), port, application))
  return { port, app: 'live', nextName: async () => keys.pop() ?? '', samples: [] }
}

async function startOnair(bench: Bench): Promise<Way> {
  const [database, folder] = [await bench.database(), await bench.folder()]
  const settings = {
    ...(await freePortSettings()),
    ...{ HLS_DIR: join(folder, 'hls'), DASH_DIR: join(folder, 'dash'), DATA_DIR: join(folder, 'data') },
  }
  const nginx = bench.use(new TestNginx({ settings, env: { NGINX_RUN_DIR: join(folder, 'nginx') } }))
  await nginx.start()
  const control: ControlProcess = await bench.control({
    ...{ folder, settings, hlsDir: join(folder, 'hls') },
    databaseUrl: database.url.reveal(),
    nginxUrl: `http://127.0.0.1:${settings.INTERNAL_HTTP_PORT}`,
  })
  const nextName = async () => (await control.create()).streamKey.value
  return { port: Number(settings.RTMP_PORT), app: 'live', nextName, samples: [] }
}
