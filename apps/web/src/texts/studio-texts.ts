// The texts that a streamer sees in the studio.
import type { Stream } from '../api/shapes.ts'

export const STUDIO_TEXTS = {
  title: 'Studio',
  intro: 'Give the stream a title, get a stream key, and publish with OBS or any RTMP encoder.',
  titleLabel: 'Title',
  titleHint: 'Optional. Viewers see it.',
  recordLabel: 'Record the stream',
  create: 'Get a stream key',
  creating: 'Creating…',
  server: 'Server',
  key: 'Stream key',
  keyHint: 'Keep it secret: anyone who has it can publish to your stream. It is stored in this tab only.',
  reveal: 'Reveal',
  hide: 'Hide',
  keyLeft: (time: string) => `Start publishing within ${time}`,
  keyUsed: 'The stream key stays valid until the stream ends. Use it again if the connection is lost.',
  rotate: 'Replace the stream key',
  rotateLive: 'Replace the key',
  rotateLiveTitle: 'Replace the stream key?',
  rotateLiveText:
    'You stay on air, and the old key stops working at once. Your encoder must get the new key before it connects ' +
    'again: copy it into OBS (Settings → Stream) as soon as you can.',
  rotateLiveCancel: 'Keep the key',
  rotating: 'Replacing…',
  watchLink: 'Watch link',
  open: 'Open',
  obs: 'OBS Studio',
  obsSteps: [
    'Settings → Stream: choose the service “Custom…”, then paste the server and the stream key from above.',
    'Settings → Output: choose an H.264 encoder, AAC audio and a keyframe interval of 2 s.',
    'Press “Start Streaming”.',
  ],
  ffmpeg: 'ffmpeg',
  ffmpegHint: 'Replace input.mp4 with your file. The copied command contains your stream key.',
  onAir: 'On air for',
  end: 'End stream',
  endTitle: 'End the stream?',
  endText: 'Viewers see that the stream has ended, and the stream key stops working. This can’t be undone.',
  endCancel: 'Keep streaming',
  ending: 'Ending…',
  delete: 'Delete this stream',
  deleteTitle: 'Delete the stream for good?',
  deleteText:
    'The stream ends if it is live. Its video, pictures, recording and title are removed from the server for good. ' +
    'This can’t be undone.',
  deleteCancel: 'Keep it',
  deleting: 'Deleting…',
  deleted: 'This stream was removed from the server.',
  sameAgain: 'New stream with the same title',
  newStream: 'New stream',
  preview: 'Preview',
  previewHint: 'What viewers see, without sound and a few seconds behind.',
  encoder: 'Server, stream key and encoder settings',
  missing: 'This stream no longer exists on the server.',
} as const

export const STUDIO_STATUS: Record<Stream['status'], { title: string; text: string }> = {
  waiting: { title: 'Waiting for your encoder', text: 'No encoder has connected with this stream key yet.' },
  connecting: {
    title: 'Your encoder is connected',
    text: 'Waiting for the first seconds of video.',
  },
  live: { title: 'You are live', text: 'Viewers can watch now.' },
  reconnecting: {
    title: 'The connection to your encoder is lost',
    text: 'Start publishing again with the same stream key to continue. Otherwise the stream ends after a while.',
  },
  ended: { title: 'The stream has ended', text: '' },
}

/** The title in place of "The stream has ended" when the stream never started. */
export const KEY_EXPIRED_TITLE = 'The stream key has expired'

export const END_REASONS: Record<NonNullable<Stream['endReason']>, string> = {
  key_expired: 'No encoder used it in time. Create a new stream to get a new key.',
  publisher_gone: 'Your encoder was disconnected for too long.',
  ended_by_owner: 'You ended the stream.',
  ended_by_operator: 'An operator of this server ended the stream.',
  limit_bitrate: 'Your encoder sent more than this server takes.',
  limit_duration: 'It lasted as long as a stream may on this server.',
  disk_full: 'The server’s disk was nearly full.',
}

/** What to do after the end. */
export const AFTER_END: Readonly<Record<string, string>> = {
  limit_bitrate:
    'Lower the bitrate in your encoder (OBS: Settings → Output → Bitrate), then create a new stream.',
  limit_duration: 'You can go on with a new stream.',
  disk_full: 'Tell the operator of this server, or try again with a new stream later.',
}

/** What to do when a status lasts unusually long. */
export const ADVICE = {
  refused:
    'If your encoder says that it can’t connect, copy the server and the stream key again: both must match exactly. ' +
    'In OBS each goes into its own field.',
  nothing:
    'Your encoder is connected but has not sent any video yet. Check that it is really streaming, then stop it and start it again.',
  noKeyframe:
    'No keyframe has arrived yet, so the video can’t start. Set the keyframe interval to 2 s ' +
    '(OBS: Settings → Output → Keyframe Interval), then start publishing again.',
  reconnect:
    'If your encoder says that it is streaming, stop it and start it again with the same server and stream key.',
} as const

/** While the stream is running, what will end it. */
export const LIMIT_TEXTS = {
  bitrate: (limit: string) =>
    `You send more than this server takes (${limit}). A stream that does so for 10 s is ended: lower the bitrate in ` +
    'your encoder now (OBS: Settings → Output → Bitrate).',
  endsSoon: (minutes: number) =>
    `The stream ends in less than ${minutes === 1 ? 'a minute' : `${minutes} minutes`}: it will have lasted as long as ` +
    'a stream may on this server.',
} as const

export const INGEST_TEXTS = {
  title: 'Incoming stream',
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
  plotEmpty: 'Bitrate of the last 3 minutes: no data yet',
  plotRange: (from: string, to: string) => `Bitrate of the last 3 minutes: between ${from} and ${to}`,
  plotFrom: '3 min ago',
  plotTop: (top: string) => `up to ${top}`,
  plotTo: 'now',
  wrongVideo: (codec: string | null) =>
    `Your encoder sends video ${inCodec(codec)} that viewers can’t play. Set its video encoder to H.264 (x264), then start publishing again.`,
  wrongAudio: (codec: string | null) =>
    `Your encoder sends audio ${inCodec(codec)} that viewers can’t play. Set its audio encoder to AAC, then start publishing again.`,
} as const

function inCodec(codec: string | null): string {
  return codec === null ? 'in a codec' : `in a codec (${codec})`
}

export const RECORDING_TEXTS = {
  title: 'Recording',
  status: {
    recording: 'The stream is being recorded',
    processing: 'The recording is being processed',
    ready: 'The recording is ready',
    failed: 'The recording failed',
  },
  deleted: 'The recording was deleted',
  deletedLive: 'The stream is no longer recorded. Viewers can keep watching it live.',
  processing: 'It will appear here automatically in a moment.',
  failedLive: 'The stream itself continues.',
  soFar: 'Recorded so far',
  duration: 'Duration',
  size: 'Size',
  watch: 'Watch the recording',
  deleteHint: 'You can delete it here until you create a new stream.',
  delete: 'Delete recording',
  deleteTitle: 'Delete the recording?',
  deleteText: 'Nobody will be able to watch or download it. This can’t be undone.',
  deleteCancel: 'Keep it',
  deleting: 'Deleting…',
  stop: 'Stop and delete the recording',
  stopTitle: 'Stop and delete the recording?',
  stopText:
    'Everything recorded so far is deleted, and the rest of the stream is not recorded. You stay live. This can’t be undone.',
  stopCancel: 'Keep recording',
  stopConfirm: 'Stop and delete',
} as const

/** For servers that require an API token to create streams. */
export const TOKEN_TEXTS = {
  label: 'API token',
  hint: 'This server requires an API token. Ask its operator for one. It is stored in this tab only.',
  wrong: 'The server does not accept this API token. Check that you copied all of it.',
  missing: 'This server requires an API token. Choose “New stream” to enter it.',
} as const
