// Puts control together, by hand and in boot order, and takes it apart in the opposite order.
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from './config.ts'
import { Database } from './database/database.ts'
import { migrate } from './database/migrations.ts'
import { Transactions } from './database/transactions.ts'
import type { Secret } from './domain/secret.ts'
import { Feed } from './events/feed.ts'
import { Hub } from './events/hub.ts'
import { EventLog } from './events/log.ts'
import { Retention } from './events/retention.ts'
import { ClientAddress } from './http/client-address.ts'
import { Limits } from './http/limits.ts'
import { Metrics } from './http/metrics.ts'
import { Effects } from './ingest/effects.ts'
import { NginxClient } from './ingest/nginx-client.ts'
import { PublishGate } from './ingest/publish-gate.ts'
import { IngestWatch } from './ingest/publisher-monitor.ts'
import { Reconciler } from './ingest/reconciler.ts'
import { Teardown } from './ingest/teardown.ts'
import { NodeLease } from './nodes/node-lease.ts'
import { PlaylistFolder } from './playlists/playlist-folder.ts'
import { PlaylistWatcher } from './playlists/watcher.ts'
import { Finisher } from './recordings/finalizer.ts'
import { FolderStorage } from './recordings/folder-storage.ts'
import { Recorder } from './recordings/recorder.ts'
import { RecordingRetention } from './recordings/retention.ts'
import { S3Storage } from './recordings/s3-storage.ts'
import { Thumbnails } from './recordings/thumbnails.ts'
import { Auth } from './routes/authorization.ts'
import { Deadlines } from './streams/deadlines.ts'
import { StreamService } from './streams/service.ts'
import { StreamStore } from './streams/store.ts'
import { ViewerEvents } from './viewers/viewer-events.ts'
import { ViewerTable } from './viewers/viewer-table.ts'
import { Viewers } from './viewers/viewers.ts'

export interface Context extends AsyncDisposable {
  readonly config: Config
  readonly logger: FastifyBaseLogger
  readonly store: StreamStore
  readonly streams: StreamService
  readonly viewers: Viewers
  readonly log: EventLog
  readonly feed: Feed
  readonly hub: Hub
  readonly gate: PublishGate
  readonly nginx: NginxClient
  readonly ingest: IngestWatch
  readonly recorder: Recorder
  readonly lease: NodeLease
  readonly thumbnails: Thumbnails
  readonly s3: S3Storage | null
  readonly reconciler: Reconciler
  readonly auth: Auth
  readonly limits: Limits
  readonly metrics: Metrics
}

export interface ContextOptions {
  readonly config: Config & { readonly databaseUrl: Secret }
  readonly logger: FastifyBaseLogger
  /** prisma/migrations */
  readonly migrationsDir: string
  /** The clock; tests bring their own. */
  readonly now?: () => Date
}

/** Migrates the database and builds everything that works without a port. Nothing listens yet. */
export async function createContext({
  config,
  logger,
  migrationsDir,
  now = () => new Date(),
}: ContextOptions): Promise<Context> {
  const applied = await migrate(config.databaseUrl, migrationsDir)
  if (applied.length > 0) logger.info({ migrations: applied }, 'the database was brought up to date')

  await using stack = new AsyncDisposableStack()
  const { nodeId, publicUrl } = config
  const database = stack.use(new Database(config.databaseUrl))
  await database.open()
  const place = `${hostname()}:${config.apiPort}`
  const lease = stack.use(new NodeLease({ database, logger, nodeId, place }))
  await lease.take()
  const transactions = stack.use(new Transactions(config.databaseUrl))
  const viewers = stack.use(new Viewers({ table: new ViewerTable(database), logger }))
  const store = new StreamStore(database, transactions, (id) => viewers.count(id))
  const log = new EventLog(database)
  const feed = stack.use(new Feed({ log, logger }))
  await feed.start()
  const hub = stack.use(new Hub(feed))
  stack.use(new ViewerEvents({ viewers, hub, store, logger, now }))
  stack.use(new Retention({ log, logger, maxAgeMs: config.eventRetentionMs, now }))

  const recordingStorage = config.s3 === null ? 'folder' : 's3'
  const streams = stack.use(new StreamService({ ...config, recordingStorage, store, logger, now }))
  streams.changes$.subscribe(({ events }) => feed.committed(events))
  stack.use(new Deadlines(streams, logger))

  const folder = new PlaylistFolder(config.hlsDir)
  const watcher = stack.use(new PlaylistWatcher(folder, logger))
  const nginx = new NginxClient(config.nginxUrl)
  const ingest = new IngestWatch({ nginx, now })
  const teardown = stack.use(new Teardown({ nginx, folder, streams, logger, nodeId }))
  stack.use(new Effects({ streams, watcher, folder, teardown, logger, nodeId }))
  const gate = new PublishGate({ streams, store, nginx, folder, logger, nodeId, publicUrl, now })
  const reconciler = stack.use(
    new Reconciler({
      ...{ store, streams, nginx, watcher, teardown, folder, lease },
      ...{ logger, nodeId, publicUrl, now },
    }),
  )
  reconciler.hasPeers$.subscribe((hasPeers) => feed.tailFor(hasPeers))

  const s3 = config.s3 === null ? null : stack.use(new S3Storage(config.s3))
  const recordingsDir = resolve(config.recordingsDir)
  const workDir = join(recordingsDir, '.work', nodeId)
  await mkdir(recordingsDir, { recursive: true })
  const recorder = stack.use(
    new Recorder({
      ...{ store, streams, lease, folder, logger, nodeId, recordingsDir, workDir, now },
      storages: [new FolderStorage(recordingsDir), ...(s3 === null ? [] : [s3])],
      finisher: new Finisher({ logger, workDir, minFreeBytes: config.recordingsMinFreeBytes }),
      minFreeBytes: config.recordingsMinFreeBytes,
      patienceMs: config.recordingsPatienceMs,
    }),
  )
  stack.use(
    new RecordingRetention({
      ...{ store, streams, logger, nodeId, now },
      maxAgeMs: config.recordingsMaxAgeMs,
      maxBytes: config.recordingsMaxBytes,
      bytesUnderWay: () => recorder.bytesUnderWay,
    }),
  )
  const thumbnails = stack.use(new Thumbnails({ folder, logger }))

  const limits = new Limits(new ClientAddress(config.nginxUrl), config.createRateLimit)
  const auth = new Auth(config.apiTokens, store, limits)
  const metrics = new Metrics({
    readers: () => hub.readerCount,
    viewers: () => viewers.connected,
    awaitedPlaylists: () => watcher.awaitedCount,
    recordings: () => recorder.jobCount,
    eventHead: () => feed.head,
  })

  const owned = stack.move()
  return {
    ...{ config, logger, store, streams, viewers, log, feed, hub, gate, nginx, ingest },
    ...{ lease, recorder, thumbnails, s3, reconciler, auth, limits, metrics },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
