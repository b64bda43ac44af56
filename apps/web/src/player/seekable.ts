// What of a stream can be seen, in the video's own seconds.

export interface SeekableRange {
  readonly start: number
  /** The newest; while a stream is live, the live edge. */
  readonly end: number
}

export function seekableRange(video: HTMLVideoElement | null): SeekableRange | undefined {
  if (video === null || video.seekable.length === 0) return undefined
  return { start: video.seekable.start(0), end: video.seekable.end(video.seekable.length - 1) }
}
