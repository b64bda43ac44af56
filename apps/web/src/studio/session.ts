// The studio's stream with its key, across reloads.
import * as z from 'zod/mini'
import type { IssuedKey, IssuedStream } from '../api/shapes.ts'
import { readTab, writeTab } from './tab-storage.ts'

const STORAGE_KEY = 'onair.studio'

const StudioSession = z.object({
  id: z.string(),
  title: z.nullable(z.string()),
  record: z.boolean(),
  key: z.string(),
  ingestUrl: z.string(),
  expiresAt: z.string(),
})
export type StudioSession = z.output<typeof StudioSession>

export function toSession({ id, title, record, streamKey }: IssuedStream): StudioSession {
  const { value, ingestUrl, expiresAt } = streamKey
  return { id, title, record, key: value, ingestUrl, expiresAt }
}

/** The same stream with the key that replaced its old one. */
export function withKey(session: StudioSession, { value, ingestUrl, expiresAt }: IssuedKey): StudioSession {
  return { ...session, key: value, ingestUrl, expiresAt }
}

export function loadSession(): StudioSession | undefined {
  try {
    const session = StudioSession.safeParse(JSON.parse(readTab(STORAGE_KEY) ?? 'null'))
    return session.success ? session.data : undefined
  } catch {
    // It holds something else.
    return undefined
  }
}

export function saveSession(session: StudioSession | undefined): void {
  writeTab(STORAGE_KEY, session === undefined ? undefined : JSON.stringify(session))
}
