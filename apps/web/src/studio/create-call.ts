// Creates a stream, with the API token where the server asks for one. The token stays in the tab.
import { ApiError } from '../api/request.ts'
import { createStream } from '../api/streams.ts'
import { type StudioSession, toSession } from './session.ts'
import { readTab, writeTab } from './tab-storage.ts'

const STORAGE_KEY = 'onair.api-token'

/** The one that was accepted last. */
export function knownToken(): string | undefined {
  return readTab(STORAGE_KEY)
}

/** @throws ApiError; of status 401 when the server wants a token, or another one */
export async function createSession(
  title: string,
  record: boolean,
  token: string | undefined,
): Promise<StudioSession> {
  try {
    const issued = await createStream(title, record, token)
    writeTab(STORAGE_KEY, token)
    return toSession(issued)
  } catch (error) {
    if (wantsToken(error)) writeTab(STORAGE_KEY, undefined)
    throw error
  }
}

export function wantsToken(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}
