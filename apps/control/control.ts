// Control as one thing that is created, started and disposed of: by its process (main.ts) and by the tests.
import type { FastifyInstance } from 'fastify'
import { buildApp, buildInternalApp } from './app.ts'
import { type Context, type ContextOptions, createContext } from './context.ts'

export interface StartOptions {
  /** Whether nginx, the database and the storages are compared regularly; tests do that by hand. Default true. */
  readonly rounds?: boolean
}

export class Control implements AsyncDisposable {
  readonly context: Context
  /** The public API. */
  readonly app: FastifyInstance
  /** nginx's hooks, and metrics. */
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
   * Starts all parts and listens. To be disposed of also when this fails.
   * @throws MigrationError, DatabaseUnavailableError, NodeIdTakenError, or that a port is in use
   */
  async start({ rounds = true }: StartOptions = {}): Promise<void> {
    const { config, logger } = this.context
    await this.context.start()
    // Internal first: nginx may send hooks as soon as the public port reports that control is ready.
    await this.internal.listen({ host: config.listenAddress, port: config.hooksPort })
    await this.app.listen({ host: config.listenAddress, port: config.apiPort })
    if (rounds) this.context.startRounds()
    logger.info({ node: config.nodeId, api: config.apiPort, hooks: config.hooksPort }, 'control is up')
  }

  /** Waits for requests and decisions that are under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    // At once, because each waits for its own requests.
    await Promise.all([this.app.close(), this.internal.close()])
    await this.context[Symbol.asyncDispose]()
  }
}
