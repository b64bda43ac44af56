// Every text of the page, in one place, so that other languages can follow.
import type { Stream } from './api/shapes.ts'

export const STATUS_TEXTS: Record<Stream['status'], string> = {
  waiting: 'Waiting',
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  ended: 'Ended',
}

export const TEXTS = {
  name: 'OnAir',
  skip: 'Skip to the content',
  navigation: 'Pages',
  navLive: 'Live now',
  navStudio: 'Go live',
  untitled: 'Untitled stream',
  onAir: 'On air for',
  lost: 'The connection to the server is lost. Trying again…',
  loading: 'Loading…',
  viewers: (n: number) => `${n.toLocaleString('en')} watching`,
  copy: 'Copy',
  copied: 'Copied',
  copyFailed: 'Select it and copy by hand',
  notFound: {
    title: 'There is no such page',
    text: 'The address may be mistyped.',
    back: 'See who is live now',
  },
  live: {
    title: 'Live now',
    emptyTitle: 'Nobody is live right now',
    emptyText: 'Streams show up here by themselves the moment they start.',
    emptyAction: 'Go live yourself',
    reconnecting: 'Connection lost, waiting',
    picture: 'What it shows now',
    count: (n: number) => (n === 1 ? '1 stream' : `${n} streams`),
  },
  recording: {
    list: 'Recordings',
    more: 'Show more',
    poster: 'A picture of it',
    lasts: 'Lasts',
    recordedOn: 'Live on',
    download: 'Download MP4',
    missing: (seconds: number) =>
      `About ${seconds} seconds of the broadcast could not be kept; the rest is here.`,
    failed: 'The broadcast could not be recorded in full.',
    safe: (duration: string) => `What is safe, ${duration}, can be watched.`,
  },
  watch: {
    player: 'Video player',
    waitingTitle: 'Waiting for the streamer',
    waitingText: 'This page starts playing by itself as soon as the stream is live.',
    connectingTitle: 'The streamer is connecting',
    connectingText: 'The first picture comes in a few seconds.',
    reconnecting: 'The streamer lost the connection, waiting…',
    endedTitle: 'The stream has ended',
    endedText: 'Thanks for watching.',
    neverLiveTitle: 'This stream never started',
    neverLiveText: 'It ended before there was anything to see.',
    lasted: (duration: string) => `It was on air for ${duration}.`,
    replay: 'Watch the recording',
    recordingComing: 'The recording will be here in a moment.',
    recordedInPart: 'Part of it was recorded.',
    notRecorded: 'It could not be recorded.',
    missingTitle: 'There is no such stream',
    missingText: 'The link may be mistyped, or the stream was removed.',
    back: 'See who is live now',
    unmute: 'Turn the sound on',
    pressPlay: 'Press play to start',
    unsupported: 'This browser can play neither HLS nor Media Source video. Try a newer one.',
    trouble: 'The video can’t be loaded right now. Trying again…',
    playerFailed: 'The player could not be loaded. Reload the page to try again.',
    behind: (duration: string) => `${duration} behind live`,
    live: 'Live',
    keys: 'Keyboard keys',
    keyList: [
      ['Space or K', 'Play, pause'],
      ['← →', 'Back, on by 5 seconds'],
      ['J, L', 'Back, on by 10 seconds'],
      ['↑ ↓', 'Louder, quieter'],
      ['M', 'Sound off, on'],
      ['F', 'Full screen'],
      ['I', 'Picture in picture'],
      ['C', 'Captions, where there are any'],
      ['0 … 9', 'To a tenth of what can be seen'],
      ['Home', 'To the oldest'],
      ['End', 'To the live edge, or to the end'],
    ],
  },
} as const

/** Why a recording has failed, by its error's `code`. */
export const RECORDING_FAILURES: Readonly<Record<string, string>> = {
  nothing_recorded: 'Nothing of the broadcast could be recorded.',
  storage_unavailable:
    'Not all of the broadcast could be recorded: its storage was out of reach for too long.',
  disk_full: 'Not all of the broadcast could be recorded: the server’s disk was nearly full.',
}

/** What went wrong with a call, by the problem's `code`, then by the status; otherwise what the service itself says. */
export const FAILURES: Readonly<Record<string, string>> = {
  unreachable: 'The server can’t be reached. Check the connection and try again.',
  unreadable_answer: 'The server’s answer could not be understood. Reload the page and try again.',
  unauthorized: 'The key is not valid for this stream any more. It may have been replaced in another tab.',
  not_your_stream: 'The key belongs to another stream.',
  stream_not_waiting: 'The stream waits no more, so its key can’t be replaced. Make a new stream.',
  stream_not_found: 'The server does not know this stream any more.',
  '429': 'Too many tries from here. Wait a minute, then try again.',
  '500': 'Something went wrong on the server. Try again in a moment.',
  '502': 'The server is starting. Try again in a moment.',
  '503': 'The server is not ready. Try again in a moment.',
}
