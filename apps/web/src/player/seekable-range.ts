// The range of a video that the viewer can seek to, in seconds of the video's own time.

export interface SeekableRange {
  readonly start: number
  /** The newest position; the live edge while the stream is live. */
  readonly end: number
}

export function seekableRange(video: HTMLVideoElement | null): SeekableRange | undefined {
  if (video === null || video.seekable.length === 0) return undefined
  return { start: video.seekable.start(0), end: video.seekable.end(video.seekable.length - 1) }
}
