// Still images for thumbnails and posters: one frame of a segment as a JPEG, 640 pixels wide. ffmpeg gets the bytes
// it needs, opens no file, and has so little memory that pictures larger than players can show fail.
import { open } from 'node:fs/promises'
import type { Ffmpeg } from './ffmpeg.ts'
import { lastPicture } from './last-picture.ts'

const SCALE = 'scale=640:-2'
/** A keyframe no older than this is recent enough; a later frame costs decoding all frames from there on. */
const RECENT_S = 5
/** With more than this to decode, the keyframe has to do, whatever its age. */
const MAX_DECODED_BYTES = 8 * 1024 * 1024
/** The frame that is shown may be this much older than the last. */
const MARGIN_S = 0.5
/** Of a segment's beginning; its first frame is in there. */
const FIRST_BYTES = 8 * 1024 * 1024

/**
 * 4096 x 2304, the largest picture of H.264's level 5.2 (table A-1 of H.264: 36,864 macroblocks of 256 pixels). No
 * browser or phone is sure to play a larger one.
 */
const MAX_PIXELS = 36_864 * 256
/** What ffmpeg may allocate; the largest picture takes about half. */
const MAX_MEMORY_BYTES = 160 * 1024 * 1024

export interface StillImageOptions {
  readonly ffmpeg: Ffmpeg
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/** The first frame of a segment. @throws when the segment has no video, or pictures of more than MAX_PIXELS */
export async function firstFrame(path: string, options: StillImageOptions): Promise<Buffer> {
  await using file = await open(path)
  const length = Math.min((await file.stat()).size, FIRST_BYTES)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
  return toJpeg(buffer.subarray(0, bytesRead), ['-skip_frame', 'nokey'], SCALE, options)
}

/**
 * A frame near the end of a segment: the last keyframe, or if that is old, the last frame.
 * @throws as `firstFrame`
 */
export async function lastFrame(path: string, options: StillImageOptions): Promise<Buffer> {
  const last = await lastPicture(path, { keyframeOnlyS: RECENT_S, maxBytes: MAX_DECODED_BYTES })
  if (last === null) return firstFrame(path, options)
  if (last.behindS === 0) return toJpeg(last.bytes, ['-skip_frame', 'nokey'], SCALE, options)
  return toJpeg(last.bytes, [], `select='gte(t,${last.behindS - MARGIN_S})',${SCALE}`, options)
}

async function toJpeg(
  segment: Buffer,
  decoding: readonly string[],
  filter: string,
  { ffmpeg, signal, timeoutMs }: StillImageOptions,
): Promise<Buffer> {
  const bytes = await ffmpeg.run(
    'ffmpeg',
    [
      ...['-codec_whitelist', 'h264,aac', '-max_pixels', `${MAX_PIXELS}`],
      ...['-threads', '1', ...decoding, '-f', 'mpegts', '-i', 'pipe:0', '-map', '0:v:0'],
      ...['-frames:v', '1', '-filter_threads', '1', '-vf', filter],
      ...['-threads', '1', '-c:v', 'mjpeg', '-q:v', '4', '-f', 'image2pipe', 'pipe:1'],
    ],
    { signal, timeoutMs, input: segment, maxMemoryBytes: MAX_MEMORY_BYTES },
  )
  if (bytes.length === 0) throw new Error('the segment has no video frame')
  return bytes
}
