// Still images for thumbnails and posters: one frame of a segment as a JPEG, 640 pixels wide.
import { type FfmpegOptions, ffmpeg } from './ffmpeg.ts'

const SCALE = 'scale=640:-2'
/** Up to this length a segment's last keyframe is recent enough; finding a later frame means decoding all of it. */
const SHORT_MS = 5_000
/** A segment's audio may be this much longer than its video. */
const AUDIO_OVERHANG_MS = 1_500

/** The first frame of a segment. @throws when the segment has no video */
export function firstFrame(path: string, options: FfmpegOptions): Promise<Buffer> {
  return toJpeg(path, [], SCALE, options)
}

/**
 * The last frame of a segment; if the segment is short, its last keyframe.
 * @throws when the segment has no video
 */
export function lastFrame(path: string, durationMs: number, options: FfmpegOptions): Promise<Buffer> {
  if (durationMs <= SHORT_MS) return toJpeg(path, ['-skip_frame', 'nokey'], `reverse,${SCALE}`, options)
  const from = (durationMs - AUDIO_OVERHANG_MS) / 1000
  return toJpeg(path, [], `select='gte(t,${from})',${SCALE}`, options)
}

async function toJpeg(
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
  if (bytes.length === 0) throw new Error('the segment has no video frame')
  return bytes
}
