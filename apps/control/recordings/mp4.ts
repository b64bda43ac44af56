// Joins a recording's segments into one MP4, without encoding them again.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { MP4 } from '../domain/recording-files.ts'
import type { StoredSegment } from '../domain/segment.ts'
import { type FfmpegOptions, ffmpeg, ffprobe } from './ffmpeg.ts'

/** How much ffmpeg reads, in microseconds and bytes, to find a track that begins late. It holds what it reads in memory. */
const ANALYSIS = ['-analyzeduration', '30000000', '-probesize', '30000000']

const Probed = z.object({
  streams: z.array(
    z.object({
      codec_type: z.enum(['video', 'audio']),
      codec_name: z.string(),
      width: z.number().default(0),
      sample_rate: z.coerce.number().default(0),
    }),
  ),
})

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
  const lists = await Promise.all(
    runs.map(async (run, index) => {
      const path = join(folder, `run-${index}.m3u8`)
      await writeFile(path, listOf(run))
      return path
    }),
  )
  const tracks = await tracksOf(lists, options)
  const list = join(folder, 'runs.txt')
  await writeFile(list, ['ffconcat version 1.0', ...lists.map((path) => `file '${path}'`), ''].join('\n'))
  const path = join(folder, MP4)
  await ffmpeg(
    [
      ...[...ANALYSIS, '-f', 'concat', '-safe', '0', '-i', list],
      ...tracks.flatMap(({ type }) => ['-map', `0:${type[0]}:0`]),
      ...['-c', 'copy', '-movflags', '+faststart', '-f', 'mp4', path],
    ],
    options,
  )
  return path
}

interface Track {
  readonly type: 'video' | 'audio'
  readonly codec: string
}

/**
 * The tracks that the runs hold. nginx lists video and audio in every segment, also when the publisher sends only
 * one of them: a track without a packet has no width or sample rate, and ffmpeg makes no MP4 with it.
 * @throws when not all runs have the same
 */
async function tracksOf(lists: readonly string[], options: FfmpegOptions): Promise<readonly Track[]> {
  const found = new Map<string, readonly Track[]>()
  for (const list of lists) {
    const fields = 'stream=codec_type,codec_name,width,sample_rate'
    const text = await ffprobe([...ANALYSIS, '-show_entries', fields, '-of', 'json', list], options)
    const tracks = Probed.parse(JSON.parse(text.toString()))
      .streams.filter(({ width, sample_rate }) => width > 0 || sample_rate > 0)
      .map(({ codec_type: type, codec_name: codec }) => ({ type, codec }))
      .sort((a, b) => b.type.localeCompare(a.type))
    found.set(tracks.map(({ codec }) => codec).join(' and ') || 'nothing', tracks)
  }
  if (found.size > 1) throw new Error(`the publishers sent different tracks: ${[...found.keys()].join('; ')}`)
  return found.values().next().value ?? []
}

/** A run as a playlist of file paths, which only ffmpeg reads. */
function listOf(run: readonly SegmentFile[]): string {
  const longestS = Math.ceil(Math.max(...run.map(({ durationMs }) => durationMs)) / 1000)
  const entries = run.flatMap(({ durationMs, path }) => [`#EXTINF:${durationMs / 1000},`, path])
  const head = ['#EXTM3U', '#EXT-X-VERSION:3', `#EXT-X-TARGETDURATION:${longestS}`, '#EXT-X-MEDIA-SEQUENCE:0']
  return [...head, ...entries, '#EXT-X-ENDLIST', ''].join('\n')
}
