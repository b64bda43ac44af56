// Looks up the stream that a request names.
import type { Stream } from '../domain/stream.ts'
import { AppError } from '../http/errors.ts'
import type { StreamStore } from '../streams/store.ts'

/** @throws AppError 404 when there is none or it was deleted, DatabaseUnavailableError */
export async function findStream(store: StreamStore, id: string): Promise<Stream> {
  const stream = await store.find(id)
  if (stream === null || stream.deletedAt !== null) throw streamNotFound()
  return stream
}

export function streamNotFound(): AppError {
  return new AppError(404, 'stream_not_found', 'There is no stream with this id.')
}
