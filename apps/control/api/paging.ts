// Pages of a list, newest first: `limit` and `cursor`, which is opaque to the caller.
import { z } from 'zod'
import { STREAM_ID } from '../domain/keys.ts'
import { AppError } from '../http/errors.ts'
import type { ListPosition } from '../streams/store.ts'

const MOST = 100

/** What every list takes beside its filters. */
export const PagingQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(MOST))
    .default(20)
    .meta({ type: 'integer', minimum: 1, maximum: MOST, default: 20 }),
  cursor: z.string().optional().describe('`nextCursor` of the page before'),
})

/** What every list answers. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().describe('`cursor` of the next page; null on the last'),
    lastEventId: z.string().describe('Where to go on in GET /v1/events, so that nothing is missed'),
  })
}

/** One or more of an enum's values, comma-separated. */
export function listOf<Value extends string>(values: z.ZodType<Value, Value>, example: string) {
  return z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(values))
    .optional()
    .describe('Only these, comma-separated')
    .meta({ type: 'string', examples: [example] })
}

export function encodeCursor({ liveAt, id }: ListPosition): string {
  return Buffer.from(`${liveAt.getTime()}.${id}`).toString('base64url')
}

/** @throws AppError 400 for what `encodeCursor` has not made */
export function decodeCursor(cursor: string): ListPosition {
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split('.')
  const liveAt = new Date(/^\d+$/.test(time) ? Number(time) : Number.NaN)
  if (Number.isNaN(liveAt.getTime()) || !STREAM_ID.test(id)) {
    const message = 'is not a nextCursor of this list'
    throw new AppError(400, 'validation_failed', `cursor: ${message}`, {
      extra: { errors: [{ in: 'query', field: 'cursor', message }] },
    })
  }
  return { liveAt, id }
}
