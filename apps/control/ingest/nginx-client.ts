// Talks to nginx-rtmp through its internal HTTP server: reads /stat, and drops publishers through /control.
import { setTimeout as delay } from 'node:timers/promises'
import { OutageError } from '../common/outage-error.ts'
import { type SessionRef, sameSession } from '../domain/stream.ts'
import { type EncoderOf, type FiguresOf, parseEncoders, parseFigures } from './publisher-figures.ts'
import { SharedReading } from './shared-reading.ts'
import { type Application, parseStat, type Stat } from './stat.ts'

const ANSWER_MS = 1_000
const CONFIRM_EVERY_MS = 50
/** Identifies this run of nginx, `<start time>-<worker's pid>`. nginx sends it with every hook and every answer. */
export const INSTANCE_HEADER = 'x-onair-nginx'

export interface Snapshot extends Stat {
  /** Which run of nginx this is; null when nginx does not say. */
  readonly nginx: string | null
}

/** A snapshot that also says what each publisher sends. */
export interface DetailedSnapshot extends Snapshot {
  readonly figuresOf: FiguresOf
  readonly encoderOf: EncoderOf
}

/** Whether the publisher of this session is connected to nginx. */
export function isPublishing(
  { live, nginx }: Pick<Snapshot, 'live' | 'nginx'>,
  id: string,
  session: SessionRef,
): boolean {
  const clientId = live.get(id) ?? null
  return clientId !== null && sameSession(session, { nodeId: session.nodeId, nginx, clientId })
}

/** nginx did not answer, or its answer could not be understood. */
export class NginxUnavailableError extends OutageError {
  override name = 'NginxUnavailableError'
}

/** nginx's answer to /stat. */
interface StatAnswer {
  readonly xml: string
  readonly stat: Stat
  readonly nginx: string | null
}

export class NginxClient {
  readonly #url: string
  /**
   * nginx has one worker and writes two megabytes for a thousand publishers: when many publishers return at
   * the same time, each needs an answer that is newer than its question, but not one of its own.
   */
  readonly #answers = new SharedReading(() => this.#readStat())

  /** @param url NGINX_URL */
  constructor(url: string) {
    this.#url = url
  }

  /** @throws NginxUnavailableError */
  async ping(): Promise<void> {
    const response = await this.#get('/stat')
    await response.body?.cancel()
  }

  /** Who publishes at this moment. All who ask at the same time share an answer. @throws NginxUnavailableError */
  async stat(): Promise<Snapshot> {
    const { stat, nginx } = await this.#answers.read()
    return { ...stat, nginx }
  }

  /** Who publishes at this moment, and what each publisher sends. @throws NginxUnavailableError */
  async detailedStat(): Promise<DetailedSnapshot> {
    const { xml, stat, nginx } = await this.#answers.read()
    return { ...stat, nginx, figuresOf: parseFigures(xml), encoderOf: parseEncoders(xml) }
  }

  async #readStat(): Promise<StatAnswer> {
    const response = await this.#get('/stat')
    try {
      const xml = await response.text()
      return { xml, stat: await parseStat(xml), nginx: response.headers.get(INSTANCE_HEADER) }
    } catch (error) {
      throw new NginxUnavailableError('nginx’s answer to /stat could not be understood', { cause: error })
    }
  }

  /**
   * Drops every publisher of this id in both applications, and waits until nginx no longer lists the id.
   * @returns whether that happened within `timeoutMs`
   * @throws NginxUnavailableError
   */
  async clear(id: string, timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const stat = await this.stat()
      const left = (['live', 'hls'] as const).filter((application) => stat[application].has(id))
      if (left.length === 0) return true
      if (performance.now() >= deadline) return false
      for (const application of left) await this.drop(application, id)
      await delay(CONFIRM_EVERY_MS)
    }
  }

  /**
   * Drops publishers of an application.
   * @param id the stream's id, nginx's name for it since the hook; without a name nginx would drop every publisher
   * @param clientId drop only this client
   * @throws NginxUnavailableError
   */
  async drop(application: Application, id: string, clientId?: number): Promise<void> {
    if (id === '') throw new Error('drop needs a stream id')
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
