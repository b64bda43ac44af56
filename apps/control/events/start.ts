// Where a reader starts, from the cursor it brings.
import type { Feed } from './feed.ts'

export interface Start {
  readonly cursor: number
  /** The reader may have missed events that can no longer be sent: it gets a `reset`. */
  readonly reset: boolean
}

/**
 * @param cursor undefined: the reader wants only new events; 0: all stored events
 * @param nothingUpTo there is nothing for this reader between its cursor and this event; 0: that is not known
 */
export function findStart(
  cursor: number | undefined,
  { head, pruned, lostAfter, lostUpTo }: Pick<Feed, 'head' | 'pruned' | 'lostAfter' | 'lostUpTo'>,
  nothingUpTo: number,
): Start {
  if (cursor === undefined) return { cursor: head, reset: false }
  const mayBeLost = cursor > lostAfter && cursor <= lostUpTo
  const isOutside = cursor > head || cursor < pruned || mayBeLost
  if (cursor !== 0 && isOutside) return { cursor: head, reset: true }
  return { cursor: Math.max(cursor, Math.min(nothingUpTo, head)), reset: false }
}
