// What a storage for recordings can do; a folder and S3 implement it. Its list of files is the only record of
// which segments are stored, so nothing else has to be trusted after a crash.
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

/** Every operation may be repeated, and throws the error of the disk, of the network or of `signal`. */
export interface Storage {
  readonly kind: StorageKind
  /** Its identity, the same on every node that uses it (`RecordingPart.storageId`). */
  readonly id: string
  /** Whether `fetch` copies the file, and so needs the same disk space again. */
  readonly fetchCopies: boolean
  /** Whether it has room for more segments. A disk is reported full early, because live streams need it more. */
  hasRoom(): Promise<boolean>
  /** Whether an error of this storage means that it is full. */
  isFull(error: unknown): boolean
  /** A stream's stored files, in no order; files that are still being written are left out. */
  list(streamId: string, signal: AbortSignal): Promise<StoredFile[]>
  /** Stores a copy of the file at `path`, whole or not at all; replaces a file of that name. */
  storeFile(streamId: string, name: string, path: string, signal: AbortSignal): Promise<void>
  /** Stores a small text as a file, whole or not at all; replaces a file of that name. */
  storeText(streamId: string, name: string, text: string, signal: AbortSignal): Promise<void>
  /**
   * Makes a stored file readable at a local path, which it returns.
   * @param folder where to put a copy if one is needed; the caller removes it
   */
  fetch(streamId: string, name: string, folder: string, signal: AbortSignal): Promise<string>
  /** Removes all files of a stream. */
  remove(streamId: string, signal: AbortSignal): Promise<void>
}
