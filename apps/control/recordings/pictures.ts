// Pictures of a broadcast, each from one segment.
import { type FfmpegOptions, ffmpeg } from './ffmpeg.ts'

const WIDTH = 640

/**
 * The first picture of a segment as JPEG, 640 pixels wide.
 * @throws when there is none in it
 */
export async function firstPicture(path: string, options: FfmpegOptions): Promise<Buffer> {
  const picture = await ffmpeg(
    [
      ...['-i', path, '-map', '0:v:0', '-frames:v', '1', '-vf', `scale=${WIDTH}:-2`],
      ...['-f', 'image2pipe', '-c:v', 'mjpeg', '-q:v', '4', '-threads', '1', 'pipe:1'],
    ],
    options,
  )
  if (picture.length === 0) throw new Error('the segment has no picture')
  return picture
}
