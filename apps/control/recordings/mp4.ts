// Joins a recording's segments into one MP4, without encoding them again.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MP4 } from '../domain/recording-files.ts'
import type { StoredSegment } from '../domain/segment.ts'
import { type FfmpegOptions, ffmpeg, ffprobe } from './ffmpeg.ts'

export interface SegmentFile extends StoredSegment {
  readonly path: string
}

/**
 * Timestamps start again with each run, so ffmpeg's concat demuxer joins the runs, each as long as its segments
 * say. One playlist for all of them would not work: ffmpeg corrects only jumps of 10 s and more.
 * @param runs at least one
 * @param folder an empty folder to work in
 * @returns the path of the MP4, in that folder
 * @throws when the publishers sent different kinds of tracks, which one MP4 cannot hold
 */
export async function makeMp4(
  runs: readonly (readonly SegmentFile[])[],
  folder: string,
  options: FfmpegOptions,
): Promise<string> {
  await requireSameTracks(runs, options)
  const names = runs.map((_, index) => `run-${index}.m3u8`)
  for (const [index, run] of runs.entries()) await writeFile(join(folder, names[index] ?? ''), listOf(run))
  const list = join(folder, 'runs.txt')
  await writeFile(list, ['ffconcat version 1.0', ...names.map((name) => `file '${name}'`), ''].join('\n'))
  const path = join(folder, MP4)
  await ffmpeg(
    [
      ...['-f', 'concat', '-safe', '0', '-i', list, '-map', '0:v?', '-map', '0:a?', '-c', 'copy'],
      ...['-movflags', '+faststart', '-f', 'mp4', path],
    ],
    options,
  )
  return path
}

async function requireSameTracks(
  runs: readonly (readonly SegmentFile[])[],
  options: FfmpegOptions,
): Promise<void> {
  const found = new Set<string>()
  for (const [first] of runs) {
    if (first === undefined) continue
    const args = ['-show_entries', 'stream=codec_name', '-of', 'csv=p=0', '-f', 'mpegts', first.path]
    const codecs = (await ffprobe(args, options)).toString().trim().split(/\s+/)
    found.add(codecs.sort().join(' and '))
  }
  if (found.size > 1) throw new Error(`the publishers sent different tracks: ${[...found].join('; ')}`)
}

/** A run as a playlist of file paths, which only ffmpeg reads. */
function listOf(run: readonly SegmentFile[]): string {
  const longestS = Math.ceil(Math.max(...run.map(({ durationMs }) => durationMs)) / 1000)
  const entries = run.flatMap(({ durationMs, path }) => [`#EXTINF:${durationMs / 1000},`, path])
  const head = ['#EXTM3U', '#EXT-X-VERSION:3', `#EXT-X-TARGETDURATION:${longestS}`, '#EXT-X-MEDIA-SEQUENCE:0']
  return [...head, ...entries, '#EXT-X-ENDLIST', ''].join('\n')
}
