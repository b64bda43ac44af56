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
  ending: 'Ending…',
  again: 'New stream with the same title',
  fresh: 'New stream',
  preview: 'Preview',
  previewHint: 'What viewers see, some seconds late and without sound.',
  encoder: 'Server, key and encoder settings',
  gone: 'The server does not know this stream any more.',
} as const

export const STUDIO_STATUS: Record<Stream['status'], { title: string; text: string }> = {
  waiting: { title: 'Waiting for your encoder', text: 'Nothing has connected with this key yet.' },
  connecting: {
    title: 'Your encoder is connected',
    text: 'Waiting for the first seconds of video.',
  },
  live: { title: 'You are live', text: 'Viewers can watch now.' },
  reconnecting: {
    title: 'The connection to your encoder is lost',
    text: 'Start publishing again with the same key: the stream goes on where it was, or ends after a while.',
  },
  ended: { title: 'The stream has ended', text: '' },
}

/** What stands instead of "has ended" where nothing had begun. */
export const NEVER_STARTED = 'The stream key has expired'

export const END_REASONS: Record<NonNullable<Stream['endReason']>, string> = {
  key_expired: 'It was not used in time. A new stream brings a new key.',
  publisher_gone: 'The encoder was gone for too long.',
  ended_by_owner: 'You ended it.',
  ended_by_operator: 'An operator of this server ended it.',
}

/** What to do when a status stays. */
export const ADVICE = {
  refused:
    'Does your encoder say that it can’t connect? Copy server and key once more: one wrong letter is refused. ' +
    'OBS adds nothing to them, and the key goes into its own field.',
  nothing:
    'Your encoder is connected but has sent no picture yet. Check that it is really streaming, then stop and start it.',
  noKeyframe:
    'No keyframe has come yet that a first picture could begin with. Set the keyframe interval to 2 s ' +
    '(OBS: Settings → Output → Keyframe Interval), then start publishing again.',
  reconnect:
    'If the encoder says that it is streaming, stop it and start it again. It needs the same server and key as before.',
} as const

export const INGEST_TEXTS = {
  title: 'What comes in',
  viewers: 'Viewers',
  bitrate: 'Bitrate',
  frameRate: 'Frame rate',
  video: 'Video',
  audio: 'Audio',
  none: 'None',
  unknownCodec: 'Unknown codec',
  fps: (rate: number) => `${rate} fps`,
  channels: (n: number) => (n === 1 ? 'Mono' : n === 2 ? 'Stereo' : `${n} channels`),
  kilohertz: (kHz: number) => `${kHz} kHz`,
  kbits: (n: number) => `${n} kbit/s`,
  mbits: (n: string) => `${n} Mbit/s`,
  plotEmpty: 'Bitrate of the last 3 minutes; it is just beginning',
  plotRange: (from: string, to: string) => `Bitrate of the last 3 minutes, between ${from} and ${to}`,
  plotFrom: '3 min ago',
  plotTop: (top: string) => `up to ${top}`,
  plotTo: 'now',
  wrongVideo: (codec: string | null) =>
    `Your encoder sends video ${codec === null ? 'in a codec' : `as ${codec},`} that viewers can’t see. Set its video encoder to H.264 (x264), then start publishing again.`,
  wrongAudio: (codec: string | null) =>
    `Your encoder sends sound ${codec === null ? 'in a codec' : `as ${codec},`} that viewers can’t hear. Set its audio encoder to AAC, then start publishing again.`,
} as const

export const RECORDING_TEXTS = {
  title: 'Recording',
  status: {
    recording: 'The broadcast is being recorded',
    processing: 'The recording is being finished',
    ready: 'The recording is ready',
    failed: 'The recording has failed',
  },
  deleted: 'The recording is deleted',
  deletedLive: 'Nothing of this broadcast is kept any more. Viewers can go on watching it live.',
  processing: 'It shows up here by itself in a moment.',
  failedLive: 'The broadcast itself goes on.',
  kept: 'Kept so far',
  length: 'Length',
  size: 'Space it takes',
  watch: 'Watch the recording',
  until: 'It can be deleted from here until you make a new stream.',
  delete: 'Delete recording',
  deleteTitle: 'Delete the recording?',
  deleteText: 'Nobody can watch or download it any more. This can’t be undone.',
  deleteCancel: 'Keep it',
  deleting: 'Deleting…',
  stop: 'Stop and delete the recording',
  stopTitle: 'Stop and delete the recording?',
  stopText:
    'What is kept so far is deleted, and nothing more of this broadcast is recorded. You stay live. This can’t be undone.',
  stopCancel: 'Keep recording',
  stopConfirm: 'Stop and delete',
} as const

/** Where the server creates streams for its operators only. */
export const TOKEN_TEXTS = {
  label: 'API token',
  hint: 'This server asks for one. Its operator has it. It stays in this tab only.',
  wrong: 'The server does not accept this API token. Check that all of it is there.',
  missing: 'This server asks for an API token. “New stream” leads to the form where it goes.',
} as const
