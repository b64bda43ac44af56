// Ends what is left of an ended stream at nginx: the publisher is dropped, and once nginx has let
// go of it, the playlist gets its end.
import type { Logger } from '../common/logger.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { StreamService } from '../streams/service.ts'
import type { NginxClient } from './nginx-client.ts'

/** How long nginx may take to let go; after that the reconciler tries again. */
const PATIENCE_MS = 5_000

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

  /** Tears an ended stream down, once however often it is asked. Never rejects. */
  run(id: string): Promise<void> {
    const running = this.#running.get(id) ?? this.#tearDown(id).finally(() => this.#running.delete(id))
    this.#running.set(id, running)
    return running
  }

  async #tearDown(id: string): Promise<void> {
    const { nginx, folder, streams, logger, nodeId } = this.#options
    try {
      if (!(await nginx.clear(id, PATIENCE_MS))) {
        logger.warn({ stream: id }, 'nginx has not let go of an ended stream yet; trying again')
        return
      }
      await folder.close(id)
      await streams.submit(id, { kind: 'playlist-closed', nodeId })
    } catch (error) {
      logger.warn({ err: error, stream: id }, 'an ended stream could not be torn down; trying again')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.values())
  }
}
