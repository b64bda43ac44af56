// Pictures of a broadcast, each from one segment; JPEG, 640 pixels wide.
import { type FfmpegOptions, ffmpeg } from './ffmpeg.ts'

const SCALE = 'scale=640:-2'
/** Up to this length a segment's last keyframe is new enough; behind it all has to be decoded. */
const SHORT_MS = 5_000
/** Sound may end a little after the pictures. */
const MARGIN_MS = 1_500

/** @throws when there is none in it */
export function firstPicture(path: string, options: FfmpegOptions): Promise<Buffer> {
  return picture(path, [], SCALE, options)
}

/**
 * The last picture; of a short segment, its last keyframe.
 * @throws when there is none in it
 */
export function newestPicture(path: string, durationMs: number, options: FfmpegOptions): Promise<Buffer> {
  if (durationMs <= SHORT_MS) return picture(path, ['-skip_frame', 'nokey'], `reverse,${SCALE}`, options)
  const from = (durationMs - MARGIN_MS) / 1000
  return picture(path, [], `select='gte(t,${from})',${SCALE}`, options)
}

async function picture(
  path: string,
  decoding: readonly string[],
  filter: string,
  options: FfmpegOptions,
): Promise<Buffer> {
  const bytes = await ffmpeg(
    [
      ...['-threads', '1', ...decoding, '-f', 'mpegts', '-i', path, '-map', '0:v:0'],
      ...['-frames:v', '1', '-vf', filter, '-c:v', 'mjpeg', '-q:v', '4', '-f', 'image2pipe', 'pipe:1'],
    ],
    options,
  )
  if (bytes.length === 0) throw new Error('the segment has no picture')
  return bytes
}
