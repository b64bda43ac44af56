// The stream that was created in this tab, saved with its key so that the studio survives a reload.
import * as z from 'zod/mini'
import type { IssuedStream, ReplacedKey } from '../api/shapes.ts'
import { readTab, writeTab } from '../ui/tab-storage.ts'

const STORAGE_NAME = 'onair.studio'

const SavedStream = z.object({
  id: z.string(),
  title: z.nullable(z.string()),
  record: z.boolean(),
  key: z.string(),
  ingestUrl: z.string(),
  expiresAt: z.string(),
})
export type SavedStream = z.output<typeof SavedStream>

export function toSavedStream({ id, title, record, streamKey }: IssuedStream): SavedStream {
  const { value, ingestUrl, expiresAt } = streamKey
  return { id, title, record, key: value, ingestUrl, expiresAt }
}

/** The same stream with its new key. */
export function withKey(saved: SavedStream, { value, ingestUrl, expiresAt }: ReplacedKey): SavedStream {
  return { ...saved, key: value, ingestUrl, expiresAt: expiresAt ?? saved.expiresAt }
}

export function loadSavedStream(): SavedStream | undefined {
  try {
    const saved = SavedStream.safeParse(JSON.parse(readTab(STORAGE_NAME) ?? 'null'))
    return saved.success ? saved.data : undefined
  } catch {
    // The stored text is not JSON.
    return undefined
  }
}

export function saveStream(saved: SavedStream | undefined): void {
  writeTab(STORAGE_NAME, saved === undefined ? undefined : JSON.stringify(saved))
}
