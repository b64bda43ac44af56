// What can be watched again, below what is live.
import { useEffect, useRef } from 'preact/hooks'
import type { Recording } from '../api/shapes.ts'
import { TEXTS } from '../texts.ts'
import { useCall } from '../ui/use-call.ts'
import { RecordingCard } from './recording-card.tsx'

export interface RecordingListProps {
  readonly recordings: readonly Recording[]
  /** Undefined: all are shown. */
  readonly showOlder: (() => Promise<void>) | undefined
}

export function RecordingList({ recordings, showOlder }: RecordingListProps) {
  const list = useRef<HTMLUListElement>(null)
  const focusAt = useRef<number>(undefined)
  const older = useCall(async () => {
    await showOlder?.()
    focusAt.current = recordings.length
  })
  useEffect(() => {
    if (focusAt.current === undefined) return
    // Where the keyboard was may be gone: it goes on at the first of those that came.
    list.current?.querySelectorAll('a')[focusAt.current]?.focus()
    focusAt.current = undefined
  })
  return (
    <section class="recordings" aria-labelledby="recordings-title">
      <h2 id="recordings-title">{TEXTS.recording.list}</h2>
      <ul ref={list} class="cards">
        {recordings.map((recording) => (
          <RecordingCard key={recording.streamId} recording={recording} />
        ))}
      </ul>
      {showOlder && (
        <button type="button" class="button quiet" aria-disabled={older.busy} onClick={older.run}>
          {TEXTS.recording.more}
        </button>
      )}
      <p class="failure" role="alert">
        {older.failure}
      </p>
    </section>
  )
}
