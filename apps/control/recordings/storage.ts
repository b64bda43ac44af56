// The one interface behind which recordings are stored, in a folder or in S3. Only the storage itself
// knows which segments are safe, so nothing else has to be trusted after a crash.
import type { StorageKind } from '../domain/recording.ts'

export const CONTENT_TYPES: Readonly<Record<string, string>> = {
  m3u8: 'application/vnd.apple.mpegurl',
  ts: 'video/mp2t',
  mp4: 'video/mp4',
  jpg: 'image/jpeg',
}

export interface StoredFile {
  readonly name: string
  readonly sizeBytes: number
}

/** Every operation may be repeated. It fails with the error of the disk, the network or `signal`. */
export interface Storage {
  readonly kind: StorageKind
  /** Whether `fetch` copies the file into the folder it is given. */
  readonly fetchCopies: boolean
  /** Whether there is room for more segments; live streams need the disk more than recordings do. */
  hasRoom(): Promise<boolean>
  /** Whether an error of this storage means that it is full. */
  isFull(error: unknown): boolean
  /** A stream's stored files, in no order; files that are still being written are left out. */
  list(streamId: string, signal: AbortSignal): Promise<StoredFile[]>
  /** Stores a finished file, whole or not at all. */
  keep(streamId: string, name: string, path: string, signal: AbortSignal): Promise<void>
  /** Stores a small text. */
  write(streamId: string, name: string, text: string, signal: AbortSignal): Promise<void>
  /**
   * A stored file as a path that can be read.
   * @param folder where a copy may be put; the caller removes it
   */
  fetch(streamId: string, name: string, folder: string, signal: AbortSignal): Promise<string>
  /** Removes all files of a stream. */
  remove(streamId: string, signal: AbortSignal): Promise<void>
}
