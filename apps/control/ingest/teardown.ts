// Tears down an ended stream: drops its publisher from nginx, and once nginx no longer has it, ends the
// playlist with EXT-X-ENDLIST.
import type { Logger } from '../common/logger.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { StreamService } from '../streams/service.ts'
import type { NginxClient } from './nginx-client.ts'

/** How long nginx may take to drop a publisher; after that the reconciler tries again. */
const DROP_MS = 5_000

export interface TeardownOptions {
  readonly nginx: NginxClient
  readonly folder: HlsFolder
  readonly streams: StreamService
  readonly logger: Logger
  readonly nodeId: string
}

export class Teardown implements AsyncDisposable {
  readonly #options: TeardownOptions
  readonly #running = new Map<string, Promise<void>>()

  constructor(options: TeardownOptions) {
    this.#options = options
  }

  /** Tears an ended stream down; calls for one that is in progress share it. Never rejects. */
  run(id: string): Promise<void> {
    const running = this.#running.get(id) ?? this.#tearDown(id).finally(() => this.#running.delete(id))
    this.#running.set(id, running)
    return running
  }

  async #tearDown(id: string): Promise<void> {
    const { nginx, folder, streams, logger, nodeId } = this.#options
    try {
      if (!(await nginx.clear(id, DROP_MS))) {
        logger.warn(
          { stream: id },
          'nginx still has the publisher of an ended stream; the reconciler will retry',
        )
        return
      }
      await folder.close(id)
      await streams.submit(id, { kind: 'playlist-closed', nodeId })
    } catch (error) {
      logger.warn(
        { err: error, stream: id },
        'an ended stream could not be torn down; the reconciler will retry',
      )
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.values())
  }
}
