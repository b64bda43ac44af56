// What an <img> really shows.
import type { Locator } from 'playwright-core'

export interface ShownPicture {
  /** The picture's own width; 0: it is none. */
  readonly width: number
  /** Between the darkest point and the brightest, of 255: next to nothing in a grey placeholder. */
  readonly contrast: number
  /** The same for the same picture. */
  readonly points: string
}

export function shownPicture(image: Locator): Promise<ShownPicture> {
  return image.evaluate((element) => {
    const source = element as HTMLImageElement
    const canvas = document.createElement('canvas')
    canvas.width = 64
    canvas.height = 36
    const pen = canvas.getContext('2d')
    pen?.drawImage(source, 0, 0, 64, 36)
    const data = [...(pen?.getImageData(0, 0, 64, 36).data ?? [])]
    const colours = data.filter((_, at) => at % 4 !== 3)
    return {
      width: source.naturalWidth,
      contrast: Math.max(...colours) - Math.min(...colours),
      points: colours.join(' '),
    }
  })
}
