// What control and media say to each other over media's Unix socket: shapes that both sides check. Files are named
// relative to a folder that media knows, so that control cannot hand on a URL or an option for ffmpeg.
import { z } from 'zod'

/** A file or folder below one of media's folders. */
export const RelativePath = z
  .string()
  .max(1_000)
  .regex(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/, 'must be names with slashes between them')
  .refine((path) => !path.split('/').some((name) => name === '.' || name === '..'), 'must not have . or ..')

/** HLS_DIR and RECORDINGS_DIR. */
export const FolderName = z.enum(['hls', 'recordings'])
export type FolderName = z.infer<typeof FolderName>

/** POST /pictures: answered with a JPEG, or 422 when the segment gives none. */
export const PictureRequest = z.object({
  folder: FolderName,
  segment: RelativePath,
  /** The first frame, or one near the end. */
  frame: z.enum(['first', 'last']),
})
export type PictureRequest = z.infer<typeof PictureRequest>

/** PUT /jobs/:name. Files are in RECORDINGS_DIR. */
export const JobRequest = z.object({
  kind: z.literal('mp4'),
  /** Names what the job is made of: another version under the same name replaces the job. */
  version: z.string().max(100),
  /** Where the MP4 is made, under the name that domain/recording-files.ts gives it. */
  folder: RelativePath,
  /** At least one run of at least one segment. */
  runs: z
    .array(z.array(z.object({ path: RelativePath, durationMs: z.number().nonnegative() })).min(1))
    .min(1),
})
export type JobRequest = z.infer<typeof JobRequest>

/** The answer of PUT and GET /jobs/:name. `running` includes waiting for other jobs. */
export const JobState = z.object({
  version: z.string(),
  status: z.enum(['running', 'done', 'failed']),
  /** Why it failed. */
  reason: z.string().nullable(),
})
export type JobState = z.infer<typeof JobState>

/** The names of jobs; control uses stream ids. */
export const JobName = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/)
