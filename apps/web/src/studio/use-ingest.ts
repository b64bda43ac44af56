// Asks what comes in, every other second while somebody looks and an encoder is connected.
import { useEffect, useState } from 'preact/hooks'
import type { Stream } from '../api/shapes.ts'
import { readIngest } from '../api/streams.ts'
import { repeatWhileSeen } from '../ui/repeat-while-seen.ts'
import { type IngestHistory, NO_HISTORY, reduceIngest } from './ingest-history.ts'

const EVERY_MS = 2_000

export function useIngest(id: string, key: string, status: Stream['status'] | undefined): IngestHistory {
  const [history, setHistory] = useState(NO_HISTORY)
  const connected = status === 'connecting' || status === 'live'
  useEffect(() => {
    if (!connected) return
    return repeatWhileSeen({
      everyMs: EVERY_MS,
      // It fails when the encoder left in between, or the server restarts: the status line says so.
      work: async (signal) => {
        const ingest = await readIngest(id, key, signal)
        setHistory((before) => reduceIngest(before, ingest))
      },
    })
  }, [id, key, connected])
  return connected ? history : { ...history, latest: undefined }
}
