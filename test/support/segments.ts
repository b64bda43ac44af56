// Reads segments, playlists and MP4s: packet counts (with ffprobe), names, durations and hashes.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** How many video and audio packets a file or URL has. */
export async function countPackets(url: string): Promise<{ video: number; audio: number }> {
  const { stdout } = await promisify(execFile)(
    'ffprobe',
    [
      ...['-v', 'error', '-count_packets', '-show_entries', 'stream=codec_type,nb_read_packets'],
      ...['-of', 'json', url],
    ],
    { timeout: 60_000 },
  )
  const { streams } = JSON.parse(stdout) as { streams: { codec_type: string; nb_read_packets: string }[] }
  const of = (type: string) =>
    Number(streams.find((stream) => stream.codec_type === type)?.nb_read_packets ?? 0)
  return { video: of('video'), audio: of('audio') }
}

/** The names of the segments that a playlist lists, in order. */
export function namesIn(playlist: string): string[] {
  return playlist.split('\n').filter((line) => line.endsWith('.ts'))
}

/** The duration of all segments that a playlist lists, in seconds. */
export function durationOf(playlist: string): number {
  return [...playlist.matchAll(/^#EXTINF:([\d.]+)/gm)].reduce((sum, [, seconds]) => sum + Number(seconds), 0)
}

/** The SHA-256 of each of these files. */
export function hashesOf(folder: string, names: readonly string[]): Promise<string[]> {
  return Promise.all(names.map(async (name) => sha256(await readFile(join(folder, name)))))
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export interface TwoColours {
  readonly size: string
  readonly rate: number
  readonly redS: number
  readonly blueS: number
  /** In frames. */
  readonly keyframeEvery: number
}

/** The arguments with which ffmpeg makes a segment that is first red and then blue; the output follows them. */
export function twoColours({ size, rate, redS, blueS, keyframeEvery }: TwoColours): string[] {
  const colour = (name: string, s: number) => [
    '-f',
    'lavfi',
    '-i',
    `color=c=${name}:s=${size}:r=${rate}:d=${s}`,
  ]
  return [
    ...[
      '-v',
      'error',
      ...colour('red', redS),
      ...colour('blue', blueS),
      '-filter_complex',
      '[0][1]concat=n=2',
    ],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-sc_threshold', '0'],
    ...['-g', `${keyframeEvery}`, '-f', 'mpegts', '-y'],
  ]
}
