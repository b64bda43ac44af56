// `/studio`: a form first, then the stream it made, until the streamer is done with it.
import { useState } from 'preact/hooks'
import { useDocumentTitle } from '../ui/document-title.ts'
import { CreateForm } from './create-form.tsx'
import { loadSession, type StudioSession, saveSession } from './session.ts'
import { StreamDesk } from './stream-desk.tsx'
import { STUDIO_TEXTS } from './studio-texts.ts'

export function StudioPage() {
  const [session, setSession] = useState<StudioSession | undefined>(loadSession)
  useDocumentTitle(STUDIO_TEXTS.title)
  const change = (next: StudioSession | undefined) => {
    saveSession(next)
    setSession(next)
    scrollTo({ top: 0 })
  }
  return (
    <div class="studio">
      <h1>{STUDIO_TEXTS.title}</h1>
      {session === undefined ? (
        <CreateForm onCreated={change} />
      ) : (
        <StreamDesk key={session.id} session={session} onChange={change} />
      )}
    </div>
  )
}
