// Stores recordings in an S3-compatible store, as <bucket>/<stream id>/<file>. The SDK adds the checksums and
// retries failed requests with back-off.
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
const CONNECT_TIMEOUT_MS = 3_000
/** A request fails when the store sends nothing for this long. */
const IDLE_TIMEOUT_MS = 20_000
/** A request fails when it takes this long in all, even while the store still sends something. */
const REQUEST_TIMEOUT_MS = 5 * 60_000
/** A larger file is uploaded in parts of this size, a few at a time, so that memory stays bounded. */
const PART_BYTES = 8 * 1024 * 1024
const CONCURRENT_PARTS = 2
const CONCURRENT_REMOVALS = 8
/**
 * How long a signed URL is valid. Each segment is asked for anew and gets a URL of its own, so only a download of the
 * MP4 uses one for long, and the store checks it when a request begins. A link to a deleted recording leads to nothing.
 */
const SIGNED_URL_SECONDS = 60 * 60

export interface S3Settings {
  /** Null: Amazon's. */
  readonly endpoint: string | null
  readonly bucket: string
  readonly region: string
  /** The URL at which everybody can read the bucket; null: URLs are signed. */
  readonly publicUrl: string | null
  /** Null: the SDK looks for credentials in its usual places (a role, a profile). */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: Secret } | null
}

export class S3Storage implements Storage, Disposable {
  readonly kind = 's3'
  /** All nodes of a database use one bucket. */
  readonly id = 's3'
  readonly fetchCopies = true
  readonly #client: S3Client
  readonly #bucket: string
  readonly #publicUrl: string | null

  constructor(
    { endpoint, bucket, region, credentials, publicUrl }: S3Settings,
    idleTimeoutMs = IDLE_TIMEOUT_MS,
  ) {
    this.#bucket = bucket
    this.#publicUrl = publicUrl
    this.#client = new S3Client({
      region,
      // Self-hosted stores rarely have a host name for each bucket, so the bucket is part of the path.
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
        connectionTimeout: CONNECT_TIMEOUT_MS,
        socketTimeout: idleTimeoutMs,
        requestTimeout: REQUEST_TIMEOUT_MS,
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

  async storeFile(streamId: string, name: string, path: string, signal: AbortSignal): Promise<void> {
    const { size } = await stat(path)
    const object = this.#object(streamId, name)
    if (size <= PART_BYTES) {
      const command = new PutObjectCommand({ ...object, Body: await readFile(path) })
      await this.#client.send(command, { abortSignal: signal })
    } else {
      await this.#uploadInParts(object, path, signal)
    }
  }

  async #uploadInParts(object: PutObjectCommandInput, path: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const body = createReadStream(path)
    const upload = new Upload({
      client: this.#client,
      params: { ...object, Body: body },
      partSize: PART_BYTES,
      queueSize: CONCURRENT_PARTS,
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

  async storeText(streamId: string, name: string, text: string, signal: AbortSignal): Promise<void> {
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
    // One request for each file: not every compatible store can remove several with one.
    const limit = pLimit(CONCURRENT_REMOVALS)
    const files = await this.list(streamId, signal)
    await limit.map(files, ({ name }) =>
      this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: `${streamId}/${name}` }), {
        abortSignal: signal,
      }),
    )
  }

  /** The text of a small file; null: there is no such file. */
  async read(streamId: string, name: string): Promise<string | null> {
    try {
      const object = await this.#client.send(this.#get(streamId, name))
      return (await object.Body?.transformToString()) ?? ''
    } catch (error) {
      if (error instanceof NoSuchKey) return null
      throw error
    }
  }

  /**
   * A URL at which everybody can read a file for the next hour.
   * @param method a signature is valid for one of them only
   */
  async urlOf(streamId: string, name: string, method: 'GET' | 'HEAD'): Promise<string> {
    if (this.#publicUrl !== null) return `${this.#publicUrl}/${streamId}/${name}`
    const command =
      method === 'HEAD'
        ? new HeadObjectCommand({ Bucket: this.#bucket, Key: `${streamId}/${name}` })
        : this.#get(streamId, name)
    return getSignedUrl(this.#client, command, { expiresIn: SIGNED_URL_SECONDS })
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
      CacheControl: name === VOD_PLAYLIST ? 'no-cache' : 'public, max-age=3600, immutable',
    }
  }

  [Symbol.dispose](): void {
    this.#client.destroy()
  }
}
