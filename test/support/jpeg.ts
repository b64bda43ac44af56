// Looks at a JPEG: its colour and its size.
import { execFileSync } from 'node:child_process'

/** The mean red, green and blue. */
export function colourOf(jpeg: Buffer): number[] {
  const args = ['-v', 'error', '-i', 'pipe:0', '-vf', 'scale=1:1', '-f', 'rawvideo', '-pix_fmt', 'rgb24']
  return [...execFileSync('ffmpeg', [...args, 'pipe:1'], { input: jpeg })]
}

/** Width and height, as "640,360". */
export function sizeOf(jpeg: Buffer): string {
  const args = ['-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', '-']
  return String(execFileSync('ffprobe', args, { input: jpeg })).trim()
}
