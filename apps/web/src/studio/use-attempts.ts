// Reads the newest tries to publish every five seconds while the page is visible.
import { useEffect, useState } from 'preact/hooks'
import type { Attempt } from '../api/shapes.ts'
import { readAttempts } from '../api/streams.ts'
import { repeatWhileVisible } from '../ui/repeat-while-visible.ts'

const EVERY_MS = 5_000

/** Newest first. @param exists whether there is such a stream */
export function useAttempts(id: string, key: string, exists: boolean): readonly Attempt[] {
  const [attempts, setAttempts] = useState<readonly Attempt[]>([])
  useEffect(() => {
    if (!exists) return
    return repeatWhileVisible({
      everyMs: EVERY_MS,
      task: async (signal) => setAttempts(await readAttempts(id, key, signal)),
    })
  }, [id, key, exists])
  return attempts
}
