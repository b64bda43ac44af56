// The picture of what a live stream shows now, ready to be shown.
import { streamPath } from './streams.ts'

/**
 * As a data: URL: a page that shows a picture already gets that very one again for its address,
 * however old it is, and blob: is not in the Content-Security-Policy.
 * @throws whatever the network, the service or the decoder says
 */
export async function readLivePicture(streamId: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`${streamPath(streamId)}/thumbnail.jpg`, { signal })
  if (!response.ok) throw new Error(`no picture: HTTP ${response.status}`)
  const picture = new Image()
  picture.src = await toDataUrl(await response.blob())
  await picture.decode()
  return picture.src
}

function toDataUrl(blob: Blob): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const reader = new FileReader()
  reader.onload = () => resolve(String(reader.result))
  reader.onerror = () => reject(reader.error)
  reader.readAsDataURL(blob)
  return promise
}
