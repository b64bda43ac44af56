// Reads a live stream's current thumbnail and decodes it, so that it can be shown without a flash.
import { streamPath } from './streams.ts'

/**
 * Returns a data: URL. With a plain URL the browser would show again the image that it already has in
 * memory for that URL, and the Content-Security-Policy does not allow blob: URLs.
 * @throws any error of the network, the service or the image decoder
 */
export async function readThumbnail(streamId: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`${streamPath(streamId)}/thumbnail.jpg`, { signal })
  if (!response.ok) throw new Error(`no thumbnail: HTTP ${response.status}`)
  const thumbnail = new Image()
  thumbnail.src = await toDataUrl(await response.blob())
  await thumbnail.decode()
  return thumbnail.src
}

function toDataUrl(blob: Blob): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const reader = new FileReader()
  reader.onload = () => resolve(String(reader.result))
  reader.onerror = () => reject(reader.error)
  reader.readAsDataURL(blob)
  return promise
}
