// The studio's texts; the rest of the page's are in texts.ts.
import type { Stream } from '../api/shapes.ts'

export const STUDIO_TEXTS = {
  title: 'Studio',
  intro: 'Give the stream a title, get a stream key, and publish with OBS or any RTMP encoder.',
  titleLabel: 'Title',
  titleHint: 'Viewers see it. It can be left empty.',
  recordLabel: 'Keep a recording',
  create: 'Get a stream key',
  creating: 'One moment…',
  server: 'Server',
  key: 'Stream key',
  keyHint: 'Secret: whoever has it can publish in your name. It stays in this tab only.',
  reveal: 'Reveal',
  hide: 'Hide',
  keyLeft: (time: string) => `Start publishing within ${time}`,
  keyUsed: 'The key stays good for this broadcast: after a lost connection it lets you back in.',
  rotate: 'Replace the key',
  watchLink: 'Watch link',
  open: 'Open',
  obs: 'OBS Studio',
  obsSteps: [
    'Settings → Stream: Service “Custom…”, then the server and the stream key from above.',
    'Settings → Output: an H.264 encoder, AAC audio, keyframe interval 2 s.',
    'Start Streaming.',
  ],
  ffmpeg: 'ffmpeg',
  ffmpegHint: 'Put your file in place of input.mp4. The copied command has the key in it.',
  onAir: 'On air for',
  end: 'End stream',
  endTitle: 'End the stream?',
  endText: 'Viewers see that it has ended, and the key stops working. This can’t be undone.',
  endCancel: 'Keep streaming',
  endConfirm: 'End stream',
  ending: 'Ending…',
  again: 'New stream with the same title',
  fresh: 'New stream',
  gone: 'The server does not know this stream any more.',
} as const

export const STUDIO_STATUS: Record<Stream['status'], { title: string; text: string }> = {
  waiting: { title: 'Waiting for your encoder', text: 'Nothing has connected with this key yet.' },
  connecting: {
    title: 'Your encoder is connected',
    text: 'Waiting for the first seconds of video. If this stays, set the keyframe interval to 2 s and use H.264 with AAC.',
  },
  live: { title: 'You are live', text: 'Viewers can watch now.' },
  reconnecting: {
    title: 'The connection to your encoder is lost',
    text: 'Start publishing again with the same key: the stream goes on where it was, or ends after a while.',
  },
  ended: { title: 'The stream has ended', text: '' },
}

export const END_REASONS: Record<NonNullable<Stream['endReason']>, string> = {
  key_expired: 'The stream key was not used in time.',
  publisher_gone: 'The encoder was gone for too long.',
  ended_by_owner: 'You ended it.',
  ended_by_operator: 'An operator of this server ended it.',
}

/** By the problem's `code`, then by the status; otherwise what the service itself says. */
export const FAILURES: Readonly<Record<string, string>> = {
  unreachable: 'The server can’t be reached. Check the connection and try again.',
  unreadable_answer: 'The server’s answer could not be understood. Reload the page and try again.',
  '401': 'This server needs an API token to create streams. Ask its operator.',
  '429': 'Too many tries from here. Wait a minute, then try again.',
  '500': 'Something went wrong on the server. Try again in a moment.',
  '502': 'The server is starting. Try again in a moment.',
  '503': 'The server is not ready. Try again in a moment.',
}
