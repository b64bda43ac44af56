// What was done to the service and what its users saw, each with its time: the independent record
// that the invariants are checked against.

export interface Entry {
  /** performance.now() */
  readonly at: number
  readonly who: string
  readonly what: string
}

export class Journal {
  readonly entries: Entry[] = []
  readonly violations: string[] = []
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  note(who: string, what: string): void {
    const entry = { at: performance.now(), who, what }
    this.entries.push(entry)
    this.#print(`${(entry.at / 1000).toFixed(1).padStart(7)} s  ${who}: ${what}`)
  }

  violation(what: string): void {
    this.violations.push(what)
    this.note('VIOLATION', what)
  }

  /** How often each fault was injected. */
  faults(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { who, what } of this.entries) if (who === 'fault') counts[what] = (counts[what] ?? 0) + 1
    return counts
  }
}
