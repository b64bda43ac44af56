// The API calls and the event stream that the demo needs, made as any client of OnAir makes them.
import { EventSource } from 'eventsource'
import { z } from 'zod'
import type { Config } from '../../control/config.ts'

const StreamView = z.object({ id: z.string(), status: z.string(), endReason: z.string().nullable() })
export type StreamView = z.infer<typeof StreamView>

const IssuedStream = StreamView.extend({
  streamKey: z.object({ value: z.string(), ingestUrl: z.string() }),
})
export type IssuedStream = z.infer<typeof IssuedStream>

const StreamEvent = z.object({
  type: z.string(),
  createdAt: z.string(),
  stream: StreamView,
  resumed: z.boolean().optional(),
})
export type StreamEvent = z.infer<typeof StreamEvent>

const TYPES = ['created', 'connecting', 'live', 'reconnecting', 'ended'].map((state) => `stream.${state}`)

/** An error for the user to act on; printed without a stack trace. */
export class DemoError extends Error {
  override name = 'DemoError'
}

export class DemoApi {
  readonly #base: string
  readonly #token: string | undefined

  constructor(config: Config) {
    this.#base = config.publicUrl
    const [token] = [...config.createTokens, ...config.apiTokens]
    this.#token = token?.reveal()
  }

  async createStream(title: string): Promise<IssuedStream> {
    const answer = await this.#call('POST', '/v1/streams', { body: { title }, token: this.#token }).catch(
      (error: Error) => {
        throw new DemoError(
          `OnAir does not answer at ${this.#base} (${reasonOf(error)}). Start it first: npm start`,
        )
      },
    )
    if (answer.status !== 201)
      throw new DemoError(`OnAir did not create a stream: ${await problemOf(answer)}`)
    return IssuedStream.parse(await answer.json())
  }

  /** @returns undefined while OnAir does not answer */
  async readStream(id: string): Promise<StreamView | undefined> {
    const answer = await this.#call('GET', `/v1/streams/${id}`).catch(() => undefined)
    return answer?.status === 200 ? StreamView.parse(await answer.json()) : undefined
  }

  async endStream(id: string, key: string): Promise<void> {
    const answer = await this.#call('POST', `/v1/streams/${id}/end`, { token: key })
    if (answer.status !== 200) throw new DemoError(await problemOf(answer))
  }

  /** Calls back for every event of one stream, from its first, until disposed. */
  events(id: string, onEvent: (event: StreamEvent) => void): Disposable {
    const source = new EventSource(`${this.#base}/v1/events?stream=${id}&lastEventId=0`)
    for (const type of TYPES) {
      source.addEventListener(type, ({ data }) => onEvent(StreamEvent.parse(JSON.parse(data))))
    }
    return { [Symbol.dispose]: () => source.close() }
  }

  #call(method: string, path: string, { body, token }: { body?: unknown; token?: string | undefined } = {}) {
    return fetch(`${this.#base}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(5000),
    })
  }
}

/** fetch's own message is only "fetch failed". */
function reasonOf(error: Error): string {
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : error.message
}

async function problemOf(answer: Response): Promise<string> {
  const text = await answer.text()
  try {
    const { title, detail } = JSON.parse(text)
    return `${answer.status} ${[title, detail].filter(Boolean).join(': ')}`
  } catch {
    return `${answer.status} ${text.slice(0, 200)}`
  }
}
