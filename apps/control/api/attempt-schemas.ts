// The parameters and answers of the lists of tries to publish.
import { z } from 'zod'
import { ATTEMPT_RESULTS } from '../domain/attempt.ts'
import { cursorOf, PagingQuery } from './paging.ts'

const time = z.iso.datetime()

/** The next page starts after this entry. */
export interface AttemptPosition {
  readonly at: Date
  readonly id: number
}

export const AttemptSchema = z
  .object({
    at: time.describe('When; of several tries, the last one'),
    firstAt: time.describe('When the first of these tries was'),
    tries: z
      .int()
      .min(1)
      .describe('Tries within a minute with the same stream, address and result are one entry'),
    streamId: z.string().nullable().describe('The stream of the key; null: the key is of no stream'),
    address: z.string().nullable().describe('The encoder’s IP address; null: unknown, or too many to list'),
    encoder: z.string().nullable().describe('What the encoder says it is'),
    result: z
      .enum(ATTEMPT_RESULTS)
      .describe(
        'accepted; expired: the key’s time was over; rotated: the key was replaced; ended: the stream has ended; ' +
          'already_publishing: another publisher is connected with the key; unknown_key; malformed_key: it is no ' +
          'stream key, or it was mistyped; limit_publishers, limit_publishers_per_address, disk_full: the server ' +
          'takes no more, the key can be used again; unavailable: the server could not decide, try again. A ' +
          'broadcast that was ended by a limit is listed, too: limit_bitrate, limit_duration, disk_full',
      ),
    detail: z.string().nullable().describe('More about it, for people'),
  })
  .meta({ id: 'Attempt' })

export const AttemptListSchema = z
  .object({
    data: z.array(AttemptSchema),
    nextCursor: z.string().nullable().describe('`cursor` of the next page; null on the last page'),
  })
  .meta({ id: 'AttemptList' })

export const ListAttemptsQuery = PagingQuery.extend({ cursor: cursorOf(decode) })

export type AttemptResource = z.output<typeof AttemptSchema>

export function encodeAttemptCursor({ at, id }: AttemptPosition): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString('base64url')
}

function decode(cursor: string): AttemptPosition | null {
  const [, time, id] =
    /^(\d{1,15})\.(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? []
  const at = new Date(Number(time))
  return Number.isNaN(at.getTime()) ? null : { at, id: Number(id) }
}
