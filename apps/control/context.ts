// Builds all parts of control, starts them in boot order, and disposes of them in reverse order. Long because it is the
// one place where every part is named.
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { distinctUntilChanged, filter, map } from 'rxjs'
import { AttemptLog } from './attempts/attempt-log.ts'
import { AttemptTable } from './attempts/attempt-table.ts'
import { Outage } from './common/outage.ts'
import { Pruner } from './common/pruner.ts'
import type { Config } from './config.ts'
import { Database } from './database/database.ts'
import { isExposed } from './database/drivers.ts'
import { migrate } from './database/migrations.ts'
import { Transactions } from './database/transactions.ts'
import type { Secret } from './domain/secret.ts'
import { Feed } from './events/feed.ts'
import { Hub } from './events/hub.ts'
import { EventLog } from './events/log.ts'
import { ClientAddress } from './http/client-address.ts'
import { Limits } from './http/limits.ts'
import { Metrics } from './http/metrics.ts'
import { Effects } from './ingest/effects.ts'
import { NginxClient } from './ingest/nginx-client.ts'
import { PlaylistSightings } from './ingest/playlist-sightings.ts'
import { PublishGate } from './ingest/publish-gate.ts'
import { PublisherMonitor } from './ingest/publisher-monitor.ts'
import { Reconciler } from './ingest/reconciler.ts'
import { Removals } from './ingest/removals.ts'
import { RunningLimits } from './ingest/running-limits.ts'
import { Takeover } from './ingest/takeover.ts'
import { Teardown } from './ingest/teardown.ts'
import { MediaClient } from './media/media-client.ts'
import { DatabaseClock } from './nodes/database-clock.ts'
import { NodeLease } from './nodes/node-lease.ts'
import { HlsFolder } from './playlists/hls-folder.ts'
import { StreamFolders } from './playlists/stream-folders.ts'
import { PlaylistWatcher } from './playlists/watcher.ts'
import { Finalizer } from './recordings/finalizer.ts'
import { FolderStorage } from './recordings/folder-storage.ts'
import { Recorder } from './recordings/recorder.ts'
import { RecordingQueries } from './recordings/recording-queries.ts'
import { RecordingRetention } from './recordings/retention.ts'
import { S3Storage } from './recordings/s3-storage.ts'
import { Thumbnails } from './recordings/thumbnails.ts'
import { Authorization } from './routes/authorization.ts'
import { Deadlines } from './streams/deadlines.ts'
import { StreamService } from './streams/service.ts'
import { StreamStore } from './streams/store.ts'
import { StreamQueries } from './streams/stream-queries.ts'
import { Tombstones } from './streams/tombstones.ts'
import { ViewerEvents } from './viewers/viewer-events.ts'
import { ViewerTable } from './viewers/viewer-table.ts'
import { Viewers } from './viewers/viewers.ts'

export interface ContextOptions {
  readonly config: Config & { readonly databaseUrl: Secret }
  readonly logger: FastifyBaseLogger
  /** The folder prisma/migrations. */
  readonly migrationsDir: string
  /** The time that everything is written and judged by; by default the database's. Tests pass their own. */
  readonly now?: () => Date
  /** A monotonic clock for the lease, in milliseconds; tests pass their own. */
  readonly monotonicMs?: () => number
}

export type Context = ReturnType<typeof createContext>

/** Builds everything except the HTTP servers. Nothing runs, connects or writes before `start`. */
export function createContext({ config, logger, migrationsDir, monotonicMs, ...options }: ContextOptions) {
  const { nodeId, publicUrl } = config
  const databaseOutage = new Outage({ what: 'the database', logger, monotonicMs })
  const database = new Database(config.databaseUrl, databaseOutage)
  const transactions = new Transactions(config.databaseUrl, databaseOutage)
  const clock = new DatabaseClock({ logger, monotonicMs })
  const { now = clock.now } = options
  const lease = new NodeLease({
    ...{ clock, logger, nodeId, monotonicMs },
    databaseUrl: config.databaseUrl,
    dataDir: resolve(config.dataDir),
    address: `${hostname()}:${config.apiPort}`,
  })

  const log = new EventLog(database)
  const feed = new Feed({ log, logger })
  const hub = new Hub(feed)
  const eventPruner = new Pruner({
    ...{ what: 'events', logger, now },
    remove: async (oldest) => {
      const removed = await log.prune(oldest)
      // The feed learns where the log begins now.
      feed.poke()
      return removed
    },
    maxAgeMs: config.eventRetentionMs,
  })

  const s3 = config.s3 === null ? null : new S3Storage(config.s3)
  const recordingsDir = resolve(config.recordingsDir)
  const minFreeBytes = config.recordingsMinFreeBytes
  const recordingsFolder = new FolderStorage(recordingsDir, minFreeBytes)
  const storages = [recordingsFolder, ...(s3 === null ? [] : [s3])]

  const store = new StreamStore(database, transactions)
  const streamPruner = new Pruner({
    ...{ what: 'streams', logger, now },
    remove: (oldest) => store.removeEnded(oldest),
    maxAgeMs: config.streamRetentionMs,
  })
  const queries = new StreamQueries(database)
  const viewers = new Viewers({ table: new ViewerTable(database, transactions), logger })
  const viewerEvents = new ViewerEvents({ viewers, hub, queries, logger, now })
  const streams = new StreamService({
    ...{ store, logger, publicUrl, now },
    streamKeyTtlMs: config.streamKeyTtlMs,
    reconnectWindowMs: config.reconnectWindowMs,
    recordingStorage: s3 ?? recordingsFolder,
    viewersOf: (id) => viewers.count(id),
  })
  const deadlines = new Deadlines(streams, logger, now)

  const attemptTable = new AttemptTable(database)
  const attempts = new AttemptLog({ table: attemptTable, logger, now })
  const folder = new HlsFolder(config.hlsDir)
  const watcher = new PlaylistWatcher(folder, logger)
  const nginx = new NginxClient(config.nginxUrl)
  const publishers = new PublisherMonitor({ nginx, now })
  const teardown = new Teardown({ nginx, folder, streams, logger, nodeId })
  const workDir = join(recordingsDir, '.work', nodeId)
  const removals = new Removals({
    folders: new StreamFolders(
      [config.hlsDir, config.dashDir, recordingsDir, workDir].map((path) => resolve(path)),
    ),
    tombstones: new Tombstones(database),
    ...{ nginx, streams, store, logger, nodeId },
  })
  const effects = new Effects({ streams, watcher, folder, teardown, logger, nodeId })
  const sightings = new PlaylistSightings({ streams, watcher, logger, nodeId })
  const limits = config.publisherLimits
  const gate = new PublishGate({
    streams,
    store,
    nginx,
    folder,
    lease,
    limits,
    logger,
    nodeId,
    publicUrl,
    now,
  })
  const runningLimits = new RunningLimits({ streams, folder, attempts, limits, logger, now, monotonicMs })
  const reconciler = new Reconciler({
    ...{ store, streams, nginx, watcher, teardown, removals, folder, lease, runningLimits },
    ...{ logger, nodeId, publicUrl, now },
  })
  const takeover = new Takeover({ store, streams, lease, logger })

  const media = new MediaClient({
    ...{ socket: resolve(config.mediaSocket), hlsDir: resolve(config.hlsDir), recordingsDir },
    outage: new Outage({ what: 'media (pictures and MP4s)', logger, monotonicMs }),
  })
  const recordingQueries = new RecordingQueries(database)
  const recorder = new Recorder({
    ...{ store, streams, lease, folder, logger, nodeId },
    queries: recordingQueries,
    storages,
    finalizer: new Finalizer({ media, logger, workDir, minFreeBytes }),
    patienceMs: config.recordingsPatienceMs,
  })
  const recordingRetention = new RecordingRetention({
    ...{ streams, logger, nodeId, now },
    queries: recordingQueries,
    maxAgeMs: config.recordingsMaxAgeMs,
    maxBytes: config.recordingsMaxBytes,
    storages,
    progress: (id) => recorder.progress(id),
  })
  const thumbnails = new Thumbnails({ folder, media, logger })

  /** Every node, the one that deleted the stream included, hears of a deletion by its event. */
  const forgetDeleted = (id: string) => {
    store.forget(id)
    void removals.run(id)
    Promise.all([recorder.look(id), thumbnails.forget(id)]).catch((error: unknown) =>
      logger.warn(
        { err: error, stream: id },
        'a deleted stream’s recording could not be looked up; retrying',
      ),
    )
  }

  const clientAddress = new ClientAddress(config.nginxUrl)
  const rateLimits = new Limits(clientAddress, config.createRateLimit)
  const { apiTokens, createTokens } = config
  const authorization = new Authorization({ apiTokens, createTokens, store, limits: rateLimits })
  const metrics = new Metrics({
    readers: () => hub.readerCount,
    viewers: () => viewers.connected,
    watchedPlaylists: () => watcher.watchedCount,
    recordings: () => recorder.jobCount,
    eventHead: () => feed.head,
    clockOffsetS: () => clock.systemOffsetMs / 1_000,
  })

  /** Disposed of in the opposite order: each part before the parts that it uses. */
  const owned = new AsyncDisposableStack()
  owned.use(database)
  owned.use(lease)
  owned.use(transactions)
  owned.use(viewers)
  owned.use(feed)
  owned.use(hub)
  owned.use(viewerEvents)
  owned.use(eventPruner)
  owned.use(streamPruner)
  owned.use(attempts)
  owned.use(streams)
  owned.use(deadlines)
  owned.use(watcher)
  owned.use(teardown)
  owned.use(removals)
  owned.use(effects)
  owned.use(sightings)
  owned.use(reconciler)
  owned.use(takeover)
  owned.use(s3)
  owned.use(recorder)
  owned.use(recordingRetention)
  owned.use(thumbnails)

  return {
    ...{ config, logger, database, store, queries, streams, viewers, log, feed, hub, gate, nginx },
    ...{ publishers, lease, takeover, recorder, thumbnails, s3, reconciler, removals, watcher },
    ...{ authorization, limits: rateLimits, metrics, attempts, attemptTable, clientAddress, now },

    /**
     * Migrates the database, takes the node's lease and starts everything except the regular rounds.
     * @throws MigrationError, DatabaseUnavailableError, NodeIdTakenError
     */
    async start(): Promise<void> {
      if (isExposed(config.databaseUrl))
        logger.warn(
          'the connection to the database leaves this machine without TLS: see DATABASE_URL in .env.example',
        )
      const applied = await migrate(config.migrationDatabaseUrl ?? config.databaseUrl, migrationsDir)
      if (applied.length > 0) logger.info({ migrations: applied }, 'database migrated')
      await database.open()
      await lease.take()
      await recordingsFolder.open()
      await removals.start()
      viewers.start()
      await feed.start()
      hub.start()
      viewerEvents.start()
      eventPruner.start()
      streamPruner.start()
      // The feed subscribes first, so that readers learn of a change before its effects are carried out.
      streams.changes$.subscribe(({ events }) => feed.committed(events))
      feed.resets$.subscribe(() => store.forgetAll())
      feed.events$
        .pipe(filter(({ type }) => type === 'stream.deleted'))
        .subscribe(({ streamId }) => forgetDeleted(streamId))
      deadlines.start()
      watcher.start()
      effects.start()
      sightings.start()
      lease.peers$
        .pipe(
          map(({ alive }) => alive.length > 0),
          distinctUntilChanged(),
        )
        .subscribe((hasPeers) => feed.tailFor(hasPeers))
      await recorder.start()
      recordingRetention.start()
    },

    /** Starts the regular comparisons with nginx, the database and the storages. Call it once the ports listen. */
    startRounds(): void {
      lease.startRounds()
      reconciler.startRounds()
      takeover.startRounds()
      recorder.startRounds()
    },

    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
