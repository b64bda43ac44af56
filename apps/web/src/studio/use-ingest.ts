// Asks what comes in, every other second while somebody looks and an encoder is connected.
import { useEffect, useState } from 'preact/hooks'
import type { Stream } from '../api/shapes.ts'
import { readIngest } from '../api/streams.ts'
import { type IngestHistory, NO_HISTORY, reduceIngest } from './ingest-history.ts'

const EVERY_MS = 2_000

export function useIngest(id: string, key: string, status: Stream['status'] | undefined): IngestHistory {
  const [history, setHistory] = useState(NO_HISTORY)
  const connected = status === 'connecting' || status === 'live'
  useEffect(() => {
    if (!connected) return
    const stop = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async () => {
      clearTimeout(timer)
      // A tab in the background has nobody to show it to; it goes on when it is looked at.
      if (document.hidden) return
      try {
        const ingest = await readIngest(id, key, stop.signal)
        setHistory((before) => reduceIngest(before, ingest))
      } catch {
        // It left in between, or the server restarts: the status line says what there is to say.
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void ask(), EVERY_MS)
    }
    const onVisible = () => void ask()
    document.addEventListener('visibilitychange', onVisible)
    void ask()
    return () => {
      stop.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [id, key, connected])
  return connected ? history : { ...history, latest: undefined }
}
