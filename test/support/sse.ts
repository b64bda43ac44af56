// A client of GET /v1/events that keeps everything it receives: headers, frames and comments.
import { until } from './until.ts'

export interface SseFrame {
  readonly id: string | null
  readonly event: string
  readonly data: Record<string, unknown>
  /** performance.now() when its last byte had arrived. */
  readonly receivedAt: number
}

export class SseReader implements AsyncDisposable {
  readonly frames: SseFrame[] = []
  /** The body received so far. */
  text = ''
  /** Whether the server has ended the response cleanly. */
  ended = false
  /** Whether the connection is closed, cleanly or not. */
  closed = false
  readonly response: Response
  readonly #abort: AbortController
  readonly #reading: Promise<void>

  private constructor(response: Response, abort: AbortController) {
    this.response = response
    this.#abort = abort
    this.#reading = this.#read()
      .catch(() => {})
      .then(() => {
        this.closed = true
      })
  }

  /** Resolves when the response headers have arrived; check `response.status`. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<SseReader> {
    const abort = new AbortController()
    return new SseReader(await fetch(url, { headers, signal: abort.signal }), abort)
  }

  /** The types of the frames received so far, in order. */
  get types(): string[] {
    return this.frames.map((frame) => frame.event)
  }

  /** Waits for the first frame of this type that `matches`. */
  frame(
    type: string,
    matches: (frame: SseFrame) => boolean = () => true,
    timeoutMs?: number,
  ): Promise<SseFrame> {
    return until(
      `the event ${type}`,
      () => this.frames.find((frame) => frame.event === type && matches(frame)),
      timeoutMs,
    )
  }

  async #read(): Promise<void> {
    if (this.response.body === null) return
    const decoder = new TextDecoder()
    let rest = ''
    for await (const bytes of this.response.body) {
      const piece = decoder.decode(bytes, { stream: true })
      this.text += piece
      const blocks = (rest + piece).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) this.#take(block)
    }
    this.ended = true
  }

  #take(block: string): void {
    const fields = new Map(
      block
        .split('\n')
        .filter((line) => !line.startsWith(':'))
        .map((line): [string, string] => [
          line.slice(0, line.indexOf(':')),
          line.slice(line.indexOf(':') + 1).trimStart(),
        ]),
    )
    const event = fields.get('event')
    if (event === undefined) return
    this.frames.push({
      id: fields.get('id') ?? null,
      event,
      data: JSON.parse(fields.get('data') ?? 'null'),
      receivedAt: performance.now(),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#reading
  }
}
