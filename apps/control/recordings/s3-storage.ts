// Recordings in an S3-compatible store: <bucket>/<stream id>/<file>. The SDK makes the checksums and
// tries again, with back-off, what fails for the moment.
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  type PutObjectCommandInput,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import pLimit from 'p-limit'
import { MP4, VOD_PLAYLIST } from '../domain/recording-files.ts'
import type { Secret } from '../domain/secret.ts'
import { CONTENT_TYPES, type Storage, type StoredFile } from './storage.ts'

const ATTEMPTS = 4
const CONNECT_MS = 3_000
/** A store that says nothing for so long is taken for dead; one that only drips, after the other. */
const SILENT_MS = 20_000
const REQUEST_MS = 5 * 60_000
/** What is larger goes up in parts of this size, a few at a time, so that memory stays bounded. */
const PART_BYTES = 8 * 1024 * 1024
const PARTS_AT_ONCE = 2
const REMOVALS_AT_ONCE = 8
/** How long a signed link is good: an evening's watching. */
const LINK_SECONDS = 12 * 60 * 60

export interface S3Settings {
  /** Null: Amazon's own. */
  readonly endpoint: string | null
  readonly bucket: string
  readonly region: string
  /** Where anybody may read the bucket; null: links are signed. */
  readonly publicUrl: string | null
  /** Null: the SDK looks for credentials in its usual places (a role, a profile). */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: Secret } | null
}

export class S3Storage implements Storage, Disposable {
  readonly kind = 's3'
  readonly fetchCopies = true
  readonly #client: S3Client
  readonly #bucket: string
  readonly #publicUrl: string | null

  constructor({ endpoint, bucket, region, credentials, publicUrl }: S3Settings, silentMs = SILENT_MS) {
    this.#bucket = bucket
    this.#publicUrl = publicUrl
    this.#client = new S3Client({
      region,
      // The bucket in the path: a store of one's own rarely has a host name for each bucket.
      ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
      ...(credentials === null
        ? {}
        : {
            credentials: {
              accessKeyId: credentials.accessKeyId,
              secretAccessKey: credentials.secretAccessKey.reveal(),
            },
          }),
      maxAttempts: ATTEMPTS,
      requestHandler: {
        connectionTimeout: CONNECT_MS,
        socketTimeout: silentMs,
        requestTimeout: REQUEST_MS,
        throwOnRequestTimeout: true,
      },
    })
  }

  async hasRoom(): Promise<boolean> {
    return true
  }

  isFull(): boolean {
    return false
  }

  async list(streamId: string, signal: AbortSignal): Promise<StoredFile[]> {
    const prefix = `${streamId}/`
    const files: StoredFile[] = []
    const which = { Bucket: this.#bucket, Prefix: prefix }
    const pages = paginateListObjectsV2({ client: this.#client }, which, { abortSignal: signal })
    for await (const { Contents = [] } of pages)
      for (const { Key = '', Size = 0 } of Contents)
        files.push({ name: Key.slice(prefix.length), sizeBytes: Size })
    return files
  }

  async keep(streamId: string, name: string, path: string, signal: AbortSignal): Promise<void> {
    const { size } = await stat(path)
    const object = this.#object(streamId, name)
    if (size <= PART_BYTES) {
      const command = new PutObjectCommand({ ...object, Body: await readFile(path) })
      await this.#client.send(command, { abortSignal: signal })
    } else {
      await this.#keepInParts(object, path, signal)
    }
  }

  async #keepInParts(object: PutObjectCommandInput, path: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const body = createReadStream(path)
    const upload = new Upload({
      client: this.#client,
      params: { ...object, Body: body },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    })
    const onAbort = () => void upload.abort()
    signal.addEventListener('abort', onAbort)
    try {
      await upload.done()
    } finally {
      signal.removeEventListener('abort', onAbort)
      body.destroy()
    }
  }

  async write(streamId: string, name: string, text: string, signal: AbortSignal): Promise<void> {
    await this.#client.send(new PutObjectCommand({ ...this.#object(streamId, name), Body: text }), {
      abortSignal: signal,
    })
  }

  async fetch(streamId: string, name: string, folder: string, signal: AbortSignal): Promise<string> {
    const path = join(folder, name)
    const object = await this.#client.send(this.#get(streamId, name), { abortSignal: signal })
    await pipeline(object.Body as Readable, createWriteStream(path), { signal })
    return path
  }

  async remove(streamId: string, signal: AbortSignal): Promise<void> {
    // One by one: not every store that calls itself compatible can remove many at once.
    const turn = pLimit(REMOVALS_AT_ONCE)
    const files = await this.list(streamId, signal)
    await turn.map(files, ({ name }) =>
      this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: `${streamId}/${name}` }), {
        abortSignal: signal,
      }),
    )
  }

  /** The text of a small file; null: there is none. */
  async read(streamId: string, name: string): Promise<string | null> {
    try {
      const object = await this.#client.send(this.#get(streamId, name))
      return (await object.Body?.transformToString()) ?? ''
    } catch (error) {
      if (error instanceof NoSuchKey) return null
      throw error
    }
  }

  /** Where anybody can read a file for the next hours, or ask for its size: a signature is for one of both. */
  async link(streamId: string, name: string, method: 'GET' | 'HEAD'): Promise<string> {
    if (this.#publicUrl !== null) return `${this.#publicUrl}/${streamId}/${name}`
    const command =
      method === 'HEAD'
        ? new HeadObjectCommand({ Bucket: this.#bucket, Key: `${streamId}/${name}` })
        : this.#get(streamId, name)
    return getSignedUrl(this.#client, command, { expiresIn: LINK_SECONDS })
  }

  #get(streamId: string, name: string): GetObjectCommand {
    return new GetObjectCommand({
      Bucket: this.#bucket,
      Key: `${streamId}/${name}`,
      ...(name === MP4 ? { ResponseContentDisposition: `attachment; filename="${streamId}.mp4"` } : {}),
    })
  }

  #object(streamId: string, name: string): PutObjectCommandInput {
    return {
      Bucket: this.#bucket,
      Key: `${streamId}/${name}`,
      ContentType: CONTENT_TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
      CacheControl: name === VOD_PLAYLIST ? 'no-cache' : 'public, max-age=31536000, immutable',
    }
  }

  [Symbol.dispose](): void {
    this.#client.destroy()
  }
}
