// Reads the frame counter in ffmpeg's test picture off a <video>: ffmpeg draws the counters of the
// first minutes once more, and the one that looks most like the video's is the one.
import { execFileSync } from 'node:child_process'
import type { Locator } from 'playwright-core'
import { FRAME_RATE, PICTURE } from './encoder.ts'

/** The upper left corner, where the time and the frame's number stand. */
const WIDTH = 112
const HEIGHT = 40
const SECONDS = 150

export interface Reading {
  /** Seconds since the encoder started, as the picture says. */
  readonly counter: number
  /** The video's own time at that moment. */
  readonly time: number
}

export class PictureCounter {
  readonly #counters: Uint8Array

  constructor() {
    const crop = `crop=${WIDTH}:${HEIGHT}:0:0,format=gray`
    const output = ['-f', 'rawvideo', 'pipe:1']
    this.#counters = execFileSync(
      'ffmpeg',
      ['-v', 'error', '-f', 'lavfi', '-i', PICTURE, '-t', String(SECONDS), '-vf', crop, ...output],
      { maxBuffer: 1e9 },
    )
  }

  async read(video: Locator): Promise<Reading> {
    const { time, pixels } = await video.evaluate(
      (element, [width, height]) => {
        const source = element as HTMLVideoElement
        const canvas = document.createElement('canvas')
        canvas.width = width
        canvas.height = height
        const pen = canvas.getContext('2d')
        pen?.drawImage(source, 0, 0)
        const { data } = pen?.getImageData(0, 0, width, height) ?? { data: [] }
        const grey = (at: number) =>
          Math.round(0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0))
        return {
          time: source.currentTime,
          pixels: Array.from({ length: width * height }, (_, index) => grey(index * 4)),
        }
      },
      [WIDTH, HEIGHT] as const,
    )
    return { time, counter: this.#nearest(pixels) / FRAME_RATE }
  }

  #nearest(pixels: readonly number[]): number {
    const size = WIDTH * HEIGHT
    let best = { frame: -1, distance: Number.POSITIVE_INFINITY }
    for (let frame = 0; frame < this.#counters.length / size; frame++) {
      let distance = 0
      for (let at = 0; at < size && distance < best.distance; at++) {
        distance += Math.abs((this.#counters[frame * size + at] ?? 0) - (pixels[at] ?? 0))
      }
      if (distance < best.distance) best = { frame, distance }
    }
    // A black picture, or another, is like none of them.
    if (best.distance / size > 40) throw new Error(`the picture has no counter: ${best.distance / size} off`)
    return best.frame
  }
}
