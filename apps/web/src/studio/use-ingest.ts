// Reads the ingest measurements every two seconds while the page is visible and an encoder is connected.
import { useEffect, useState } from 'preact/hooks'
import type { Stream } from '../api/shapes.ts'
import { readIngest } from '../api/streams.ts'
import { repeatWhileVisible } from '../ui/repeat-while-visible.ts'
import { type IngestHistory, NO_HISTORY, reduceIngest } from './ingest-history.ts'

const EVERY_MS = 2_000

export function useIngest(id: string, key: string, status: Stream['status'] | undefined): IngestHistory {
  const [history, setHistory] = useState(NO_HISTORY)
  const connected = status === 'connecting' || status === 'live'
  useEffect(() => {
    if (!connected) return
    return repeatWhileVisible({
      everyMs: EVERY_MS,
      // Fails when the encoder has disconnected or the server restarts; the status line shows both.
      task: async (signal) => {
        const ingest = await readIngest(id, key, signal)
        setHistory((before) => reduceIngest(before, ingest))
      },
    })
  }, [id, key, connected])
  return connected ? history : { ...history, latest: undefined }
}
