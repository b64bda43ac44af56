// The last tries to publish, refused ones and unknown keys included: who tried, from where, and what came of it.
import { useEffect, useState } from 'preact/hooks'
import { listAttempts } from '../api/operator.ts'
import type { Attempt } from '../api/shapes.ts'
import { ATTEMPT_RESULTS, OPERATOR_TEXTS } from '../texts/operator-texts.ts'
import { DateAndTime } from '../ui/date-and-time.tsx'
import { repeatWhileVisible } from '../ui/repeat-while-visible.ts'

const EVERY_MS = 5_000

export function AttemptsPanel({ token }: { token: string }) {
  const [attempts, setAttempts] = useState<readonly Attempt[]>()
  useEffect(
    () =>
      repeatWhileVisible({
        everyMs: EVERY_MS,
        // Failures are those of the list of streams, too, which shows them.
        task: async (signal) => setAttempts(await listAttempts(token, signal)),
      }),
    [token],
  )
  return (
    <section class="panel" aria-labelledby="attempts-title">
      <h2 id="attempts-title" class="panel-title">
        {OPERATOR_TEXTS.attempts}
      </h2>
      {attempts?.length === 0 && <p class="muted">{OPERATOR_TEXTS.noAttempts}</p>}
      <ul class="attempts">
        {attempts?.map((attempt) => (
          <Entry
            key={`${attempt.firstAt} ${attempt.streamId} ${attempt.address} ${attempt.result}`}
            {...attempt}
          />
        ))}
      </ul>
    </section>
  )
}

function Entry({ at, tries, streamId, address, encoder, result, detail }: Attempt) {
  return (
    <li>
      <p>
        <strong>{ATTEMPT_RESULTS[result] ?? result}</strong>
        {tries > 1 && ` (${OPERATOR_TEXTS.tries(tries)})`}
        {streamId !== null && (
          <>
            {' '}
            <a href={`/watch/${streamId}`} target="_blank" rel="noopener">
              {OPERATOR_TEXTS.stream}
            </a>
          </>
        )}
      </p>
      <p class="muted">
        <DateAndTime at={at} /> · {address ?? OPERATOR_TEXTS.noAddress}
        {encoder !== null && ` · ${encoder}`}
        {detail !== null && ` · ${detail}`}
      </p>
    </li>
  )
}
