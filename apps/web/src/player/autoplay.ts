// Starts playback without a click: with sound if the browser allows it, otherwise muted.

export type AutoplayResult = 'playing' | 'muted' | 'refused'

export async function autoplay(video: HTMLVideoElement): Promise<AutoplayResult> {
  if (await tryPlay(video)) return 'playing'
  video.muted = true
  if (await tryPlay(video)) return 'muted'
  video.muted = false
  return 'refused'
}

async function tryPlay(video: HTMLVideoElement): Promise<boolean> {
  try {
    await video.play()
    return true
  } catch (error) {
    // Only NotAllowedError is a refusal. An AbortError, for example, means that a new source was set.
    return !(error instanceof DOMException && error.name === 'NotAllowedError')
  }
}
