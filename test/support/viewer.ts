// A reader of events that comes back with Last-Event-ID whenever its connection ends, and keeps all
// it was told.
import { setTimeout as delay } from 'node:timers/promises'
import { SseReader } from './sse.ts'
import type { TestStack } from './stack.ts'

const RETRY_MS = 200

export interface Told {
  readonly id: number
  readonly type: string
  readonly streamId: string
}

export class Viewer implements AsyncDisposable {
  readonly name: string
  readonly told: Told[] = []
  resets = 0
  connections = 0
  readonly #stack: TestStack
  readonly #stop = new AbortController()
  readonly #loop: Promise<void>

  constructor(name: string, stack: TestStack) {
    this.name = name
    this.#stack = stack
    this.#loop = this.#readForEver()
  }

  async #readForEver(): Promise<void> {
    let cursor = '0'
    while (!this.#stop.signal.aborted) {
      try {
        // From the oldest first, then from where it was.
        await using reader = await SseReader.open(`${this.#stack.url}/v1/events?lastEventId=${cursor}`)
        if (reader.response.ok) this.connections += 1
        let taken = 0
        while (!reader.closed && !this.#stop.signal.aborted) {
          for (const frame of reader.frames.slice(taken)) {
            taken += 1
            if (frame.event === 'reset') this.resets += 1
            else this.told.push(toTold(frame.data, frame.event))
            cursor = frame.id ?? cursor
          }
          await delay(20)
        }
      } catch {
        // Refused or cut: that is what it comes back for.
      }
      await delay(RETRY_MS)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#loop
  }
}

function toTold(data: Record<string, unknown>, type: string): Told {
  return { id: Number(data.id), type, streamId: (data.stream as { id: string }).id }
}
