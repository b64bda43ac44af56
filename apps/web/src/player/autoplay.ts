// Starting by itself: with sound where the browser lets a page do that, else without.

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
    // Anything but the browser's refusal (AbortError: a new source came in between) is no refusal.
    return !(error instanceof DOMException && error.name === 'NotAllowedError')
  }
}
