// What went wrong, in words: failed requests and failed recordings.

/** Why a recording failed, by its error's `code`. */
export const RECORDING_FAILURES: Readonly<Record<string, string>> = {
  nothing_recorded: 'No part of the stream could be recorded.',
  storage_unavailable: 'The storage was unavailable for too long during the recording.',
  disk_full: 'The server’s disk was nearly full during the recording.',
}

/** Why a request failed, by the problem's `code` or by the HTTP status. */
export const FAILURES: Readonly<Record<string, string>> = {
  unreachable: 'The server can’t be reached. Check the connection and try again.',
  unreadable_answer: 'The server’s answer could not be understood. Reload the page and try again.',
  unauthorized: 'This stream key is no longer valid. It may have been replaced in another tab.',
  not_your_stream: 'This stream key belongs to another stream.',
  stream_not_waiting: 'The stream has ended, so its key cannot be replaced. Create a new stream instead.',
  stream_not_found: 'This stream no longer exists on the server.',
  '429': 'Too many requests. Wait a minute, then try again.',
  '500': 'Something went wrong on the server. Try again in a moment.',
  '502': 'The server is starting. Try again in a moment.',
  '503': 'The server is not ready. Try again in a moment.',
}
