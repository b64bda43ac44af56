// The inside of a helper program: it does what the bench's process asks of it, one call after another
// or several at once, and ends with it.

// biome-ignore lint/suspicious/noExplicitAny: each program says what it takes; Helper checks the callers.
export type Calls = Record<string, (argument: any) => unknown>

interface Request {
  readonly number: number
  readonly name: string
  readonly argument: unknown
}

export interface Answer {
  readonly number: number
  readonly result?: unknown
  readonly error?: string
}

export function serve(calls: Calls): void {
  const send = (answer: Answer) => void process.send?.(answer)
  process.on('message', ({ number, name, argument }: Request) => {
    const answer = async () => calls[name]?.(argument)
    answer().then(
      (result) => send({ number, result }),
      (error: unknown) => send({ number, error: String(error instanceof Error ? error.stack : error) }),
    )
  })
  process.on('disconnect', () => process.exit())
}
