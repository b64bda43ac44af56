// How long a stream has been in its status, so that the studio can give advice when it takes too long.
import { useEffect, useRef } from 'preact/hooks'
import type { Stream } from '../api/shapes.ts'
import { useNow } from '../ui/use-now.ts'

/** Milliseconds, from the service's times if they are known, otherwise since this page first saw the status. */
export function useStatusAge(stream: Stream | undefined): number {
  const now = useNow()
  const seen = useRef({ status: stream?.status, at: now })
  useEffect(() => {
    seen.current = { status: stream?.status, at: now }
  }, [stream?.status])
  if (stream === undefined) return 0
  return now - (knownSince(stream) ?? (seen.current.status === stream.status ? seen.current.at : now))
}

function knownSince({ status, createdAt, connectedAt, liveAt }: Stream): number | undefined {
  if (status === 'waiting') return Date.parse(createdAt)
  // A stream that was live may have reconnected since `connectedAt`.
  return status === 'connecting' && liveAt === null && connectedAt !== null
    ? Date.parse(connectedAt)
    : undefined
}
