// Reads the pixels that an <img> shows.
import type { Locator } from 'playwright-core'

export interface ShownImage {
  /** The image's own width; 0: it could not be loaded. */
  readonly width: number
  /** The difference between the darkest and the brightest value, 0 to 255; close to 0 for a grey placeholder. */
  readonly contrast: number
  /** All pixels as text; the same for the same image. */
  readonly pixels: string
}

export function shownImage(image: Locator): Promise<ShownImage> {
  return image.evaluate((element) => {
    const source = element as HTMLImageElement
    const canvas = document.createElement('canvas')
    canvas.width = 64
    canvas.height = 36
    const context = canvas.getContext('2d')
    context?.drawImage(source, 0, 0, 64, 36)
    const data = [...(context?.getImageData(0, 0, 64, 36).data ?? [])]
    const colours = data.filter((_, index) => index % 4 !== 3)
    return {
      width: source.naturalWidth,
      contrast: Math.max(...colours) - Math.min(...colours),
      pixels: colours.join(' '),
    }
  })
}
