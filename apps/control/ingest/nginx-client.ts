// Asks nginx-rtmp what it has, and drops publishers. Answers come from its internal HTTP server.
import { setTimeout as delay } from 'node:timers/promises'
import { type SessionRef, sameSession } from '../domain/stream.ts'
import { type FiguresOf, parseIngest } from './publisher-figures.ts'
import { type Application, type Publishers, parseStat, type Stat } from './stat.ts'

const ANSWER_MS = 1_000
const CONFIRM_EVERY_MS = 50
/** nginx's instance, `<start>-<worker's pid>`: on hooks, and on what nginx itself answers. */
export const INSTANCE_HEADER = 'x-onair-nginx'

export interface Snapshot extends Stat {
  /** Which life of nginx this is; null when it does not say. */
  readonly nginx: string | null
}

/** Whether nginx has this session's publisher. */
export function isPublishing({ live, nginx }: Snapshot, id: string, session: SessionRef): boolean {
  const clientId = live.get(id) ?? null
  return clientId !== null && sameSession(session, { nodeId: session.nodeId, nginx, clientId })
}

/** nginx did not answer, or not as it should. */
export class NginxUnavailableError extends Error {
  override name = 'NginxUnavailableError'
}

export class NginxClient {
  readonly #url: string

  /** @param url NGINX_URL */
  constructor(url: string) {
    this.#url = url
  }

  /** @throws NginxUnavailableError */
  async ping(): Promise<void> {
    const response = await this.#get('/stat')
    await response.body?.cancel()
  }

  /** @throws NginxUnavailableError */
  async stat(): Promise<Snapshot> {
    const response = await this.#get('/stat')
    try {
      const stat = await parseStat(await response.text())
      return { ...stat, nginx: response.headers.get(INSTANCE_HEADER) }
    } catch (error) {
      throw new NginxUnavailableError('nginx answered /stat with something else', { cause: error })
    }
  }

  /** What publishers send, by stream. @throws NginxUnavailableError */
  async ingest(): Promise<{
    nginx: string | null
    publishers: Publishers
    figuresOf: FiguresOf
  }> {
    const response = await this.#get('/stat')
    try {
      const xml = await response.text()
      const nginx = response.headers.get(INSTANCE_HEADER)
      return { nginx, publishers: (await parseStat(xml)).live, figuresOf: parseIngest(xml) }
    } catch (error) {
      throw new NginxUnavailableError('nginx answered /stat with something else', { cause: error })
    }
  }

  /**
   * Drops whatever has this id, in both applications, and waits until nginx has let go of it.
   * @returns whether it has, within `patienceMs`
   * @throws NginxUnavailableError
   */
  async clear(id: string, patienceMs: number): Promise<boolean> {
    const deadline = Date.now() + patienceMs
    for (;;) {
      const stat = await this.stat()
      const left = (['live', 'hls'] as const).filter((application) => stat[application].has(id))
      if (left.length === 0) return true
      if (Date.now() >= deadline) return false
      for (const application of left) await this.drop(application, id)
      await delay(CONFIRM_EVERY_MS)
    }
  }

  /**
   * Drops publishers of an application.
   * @param id the name after the hook's rename; without one nginx would drop everybody
   * @param clientId only this one
   * @throws NginxUnavailableError
   */
  async drop(application: Application, id: string, clientId?: number): Promise<void> {
    if (id === '') throw new Error('a drop needs a stream')
    const query = new URLSearchParams({ app: application, name: id })
    if (clientId !== undefined) query.set('clientid', String(clientId))
    const response = await this.#get(`/control/drop/publisher?${query}`)
    await response.body?.cancel()
  }

  async #get(path: string): Promise<Response> {
    let response: Response
    try {
      response = await fetch(`${this.#url}${path}`, { signal: AbortSignal.timeout(ANSWER_MS) })
    } catch (error) {
      throw new NginxUnavailableError('nginx does not answer', { cause: error })
    }
    if (!response.ok) {
      await response.body?.cancel()
      throw new NginxUnavailableError(`nginx answered ${path} with ${response.status}`)
    }
    return response
  }
}
