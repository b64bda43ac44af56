// What the studio says about a try to publish that went wrong.

/** What happened, and what to do about it. */
type Known = readonly [text: string, advice: string]

const results: Readonly<Record<string, Known>> = {
  expired: [
    'An encoder tried with an expired key',
    'Create a new stream and copy its key into your encoder.',
  ],
  rotated: [
    'An encoder tried with a key that was replaced',
    'If it is yours, copy the key from this page into it.',
  ],
  ended: [
    'An encoder tried to publish after the stream had ended',
    'If it is yours, create a new stream and copy its key into the encoder.',
  ],
  already_publishing: [
    'An encoder tried with this key while another one was connected',
    'If it is not yours, somebody has your key: replace it.',
  ],
  limit_publishers: [
    'An encoder was refused: this server takes no more streams at the moment',
    'Try again later. The key stays as it is.',
  ],
  limit_publishers_per_address: [
    'An encoder was refused: this server takes no more streams from its network',
    'End another stream of yours, then start this one again.',
  ],
  disk_full: [
    'An encoder was refused: the server’s disk is nearly full',
    'Try again later, or tell the operator of this server.',
  ],
  unavailable: [
    'An encoder was refused because the server was not ready',
    'Most encoders try again by themselves. Otherwise start streaming again.',
  ],
}

export const ATTEMPT_TEXTS = {
  title: 'Last try to publish',
  results,
  secondsAgo: (seconds: number) => `${seconds} s ago`,
  minutesAgo: (minutes: number) => `${minutes} min ago`,
  from: (ago: string, { address, encoder }: { address: string | null; encoder: string | null }) =>
    [ago, address === null ? '' : `from ${address}`, encoder === null ? '' : `(${encoder})`]
      .filter((part) => part !== '')
      .join(' '),
} as const
