// The studio's stream across reloads. The key lives in this tab's session storage and nowhere else.
import * as z from 'zod/mini'
import type { IssuedKey, IssuedStream } from '../api/shapes.ts'

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
    const session = StudioSession.safeParse(JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null'))
    return session.success ? session.data : undefined
  } catch {
    // Storage can be switched off, or hold something else.
    return undefined
  }
}

export function saveSession(session: StudioSession | undefined): void {
  try {
    if (session === undefined) sessionStorage.removeItem(STORAGE_KEY)
    else sessionStorage.setItem(STORAGE_KEY, JSON.stringify(session))
  } catch {
    // Without storage the studio works until the reload.
  }
}
