// Creates a stream, with an API token if the server requires one. The token is stored in this tab only.
import { ApiError } from '../api/request.ts'
import { createStream } from '../api/streams.ts'
import { readTab, writeTab } from '../ui/tab-storage.ts'
import { type SavedStream, toSavedStream } from './saved-stream.ts'

const STORAGE_NAME = 'onair.api-token'

/** The API token that the server accepted last. */
export function lastToken(): string | undefined {
  return readTab(STORAGE_NAME)
}

/** @throws ApiError; its status is 401 when the API token is missing or wrong */
export async function createWithToken(
  title: string,
  record: boolean,
  token: string | undefined,
): Promise<SavedStream> {
  try {
    const issued = await createStream(title, record, token)
    writeTab(STORAGE_NAME, token)
    return toSavedStream(issued)
  } catch (error) {
    if (isTokenRefused(error)) writeTab(STORAGE_NAME, undefined)
    throw error
  }
}

export function isTokenRefused(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}
