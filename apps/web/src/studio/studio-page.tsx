// The studio page, `/studio`: a form that creates a stream, then the dashboard of that stream.
import { useState } from 'preact/hooks'
import { STUDIO_TEXTS } from '../texts/studio-texts.ts'
import { useDocumentTitle } from '../ui/document-title.ts'
import { CreateForm } from './create-form.tsx'
import { loadSavedStream, type SavedStream, saveStream } from './saved-stream.ts'
import { StreamDashboard } from './stream-dashboard.tsx'

export function StudioPage() {
  const [saved, setSaved] = useState<SavedStream | undefined>(loadSavedStream)
  useDocumentTitle(STUDIO_TEXTS.title)
  const change = (next: SavedStream | undefined) => {
    saveStream(next)
    setSaved(next)
    scrollTo({ top: 0 })
  }
  return (
    <div class="studio">
      <h1>{STUDIO_TEXTS.title}</h1>
      {saved === undefined ? (
        <CreateForm onCreated={change} />
      ) : (
        <StreamDashboard key={saved.id} saved={saved} onChange={change} />
      )}
    </div>
  )
}
