// The list of recordings on the home page, with a button that loads older ones.
import { useEffect, useRef } from 'preact/hooks'
import type { Recording } from '../api/shapes.ts'
import { TEXTS } from '../texts/texts.ts'
import { useAction } from '../ui/use-action.ts'
import { RecordingCard } from './recording-card.tsx'

export interface RecordingListProps {
  readonly recordings: readonly Recording[]
  /** Undefined: all recordings are shown. */
  readonly showOlder: (() => Promise<void>) | undefined
}

export function RecordingList({ recordings, showOlder }: RecordingListProps) {
  const list = useRef<HTMLUListElement>(null)
  const focusIndex = useRef<number>(undefined)
  const older = useAction(async () => {
    await showOlder?.()
    focusIndex.current = recordings.length
  })
  useEffect(() => {
    if (focusIndex.current === undefined) return
    // The button that had the focus may be gone: move the focus to the first new recording.
    list.current?.querySelectorAll('a')[focusIndex.current]?.focus()
    focusIndex.current = undefined
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
