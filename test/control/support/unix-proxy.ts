// Stands between control and the database's unix socket: can freeze, cut, refuse and count.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConnectionUrl } from '../../../apps/control/database/connection-url.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import type { TestDatabase } from '../../support/database.ts'

export class DatabaseProxy implements AsyncDisposable {
  /** The same database by way of this proxy. */
  readonly database: TestDatabase
  /** Bytes that control has sent to the database so far. */
  asked = 0
  /** How many connections control has opened so far. */
  opened = 0
  readonly #server: Server
  readonly #folder: string
  readonly #pairs = new Set<{ client: Socket; upstream: Socket }>()
  readonly #lost = new Set<Socket>()
  /** Whether a new connection breaks as soon as its login has been answered and it asks for something. */
  breakAfterLogin = false
  /** Whether a client vanishes, and is gone for the server too, as soon as it has sent a transaction. */
  breakAfterTransaction = false
  #refusing = false
  #frozen = false

  private constructor(server: Server, folder: string, database: TestDatabase) {
    this.#server = server
    this.#folder = folder
    this.database = database
  }

  static async start(database: TestDatabase): Promise<DatabaseProxy> {
    const settings = parseConnectionUrl(database.url)
    const folder = await mkdtemp(join(tmpdir(), 'db-'))
    const path = join(folder, 's')
    const server = createServer({ pauseOnConnect: true })
    const url = new URL(database.url.reveal())
    url.searchParams.set('socket', path)
    // What the owner disposes is the database itself, not this view of it.
    const view = {
      ...database,
      url: new Secret(url.href),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
    const proxy = new DatabaseProxy(server, folder, view)
    server.on('connection', (client) => {
      const { socketPath, host, port } = settings
      proxy.#join(client, socketPath === undefined ? connect(port, host) : connect(socketPath))
    })
    await once(server.listen(path), 'listening')
    return proxy
  }

  #join(client: Socket, upstream: Socket): void {
    if (this.#refusing) {
      client.destroy()
      upstream.destroy()
      return
    }
    const pair = { client, upstream }
    this.#pairs.add(pair)
    this.opened += 1
    let requests = 0
    client.on('data', (bytes) => {
      this.asked += bytes.length
      requests += 1
      if (this.breakAfterLogin && requests === 2) client.destroy()
      upstream.write(bytes)
      if (this.breakAfterTransaction && bytes.includes('START TRANSACTION')) {
        // The server is at any of its statements then.
        setTimeout(() => upstream.destroy(), Math.random() * 2)
      }
    })
    upstream.on('data', (bytes) => client.write(bytes))
    for (const socket of [client, upstream]) {
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        if (!this.#frozen && this.#pairs.has(pair)) this.#part(pair)
      })
    }
    if (this.#frozen) upstream.pause()
    else client.resume()
  }

  #part(pair: { client: Socket; upstream: Socket }): void {
    pair.client.destroy()
    pair.upstream.destroy()
    this.#pairs.delete(pair)
  }

  /**
   * From now on nothing passes in either direction, on old connections and on new ones. When one end
   * closes its connection, the other does not hear of it either.
   */
  freeze(): void {
    this.#frozen = true
    for (const { client, upstream } of this.#pairs) {
      client.pause()
      upstream.pause()
    }
  }

  thaw(): void {
    this.#frozen = false
    for (const pair of this.#pairs) {
      if (pair.client.destroyed || pair.upstream.destroyed) this.#part(pair)
      pair.client.resume()
      pair.upstream.resume()
    }
  }

  /** Nothing passes any more on the connections there are, and neither end hears of it; new ones work. */
  loseConnections(): void {
    for (const { client, upstream } of this.#pairs) {
      for (const socket of [client, upstream]) this.#lost.add(socket.pause())
    }
    this.#pairs.clear()
  }

  /** Breaks every connection, and every new one, until `mend`. */
  cut(): void {
    this.#refusing = true
    for (const pair of this.#pairs) this.#part(pair)
  }

  mend(): void {
    this.#refusing = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#frozen = false
    this.cut()
    for (const socket of this.#lost) socket.destroy()
    this.#server.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
