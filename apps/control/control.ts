// Control as one object that main.ts and the tests create, start and dispose of.
import type { FastifyInstance } from 'fastify'
import { buildApp, buildInternalApp } from './app.ts'
import { type Context, type ContextOptions, createContext } from './context.ts'

/**
 * Connections that the kernel holds until control accepts them, as many as net.core.somaxconn allows: after a start
 * all readers reconnect at once, and a connection for which there is no place is tried again only a second later.
 */
const BACKLOG = 65_535

export interface StartOptions {
  /** Whether to compare nginx, the database and the storages regularly; tests do that by hand. Default true. */
  readonly rounds?: boolean
}

export class Control implements AsyncDisposable {
  readonly context: Context
  /** The public API. */
  readonly app: FastifyInstance
  /** The internal server: nginx's hooks and the metrics. */
  readonly internal: FastifyInstance

  private constructor(context: Context, app: FastifyInstance, internal: FastifyInstance) {
    this.context = context
    this.app = app
    this.internal = internal
  }

  /** Builds control. Nothing runs, connects or listens before `start`. */
  static async create(options: ContextOptions): Promise<Control> {
    const context = createContext(options)
    return new Control(context, await buildApp(context), await buildInternalApp(context))
  }

  /**
   * Starts all parts and listens. Dispose of control even when this fails.
   * @throws MigrationError, DatabaseUnavailableError, NodeIdTakenError, or EADDRINUSE for a port
   */
  async start({ rounds = true }: StartOptions = {}): Promise<void> {
    const { config, logger } = this.context
    await this.context.start()
    // Internal first: nginx may send hooks as soon as the public port reports that control is ready.
    const address = { host: config.listenAddress, backlog: BACKLOG }
    await this.internal.listen({ ...address, port: config.hooksPort })
    await this.app.listen({ ...address, port: config.apiPort })
    if (rounds) this.context.startRounds()
    logger.info({ node: config.nodeId, api: config.apiPort, hooks: config.hooksPort }, 'control has started')
  }

  /** Waits for requests and decisions that are in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Both at the same time, because each waits for its own requests.
    await Promise.all([this.app.close(), this.internal.close()])
    await this.context[Symbol.asyncDispose]()
  }
}
