// Paging of lists, newest first: `limit` and `cursor`. The cursor's text is opaque to clients.
import { z } from 'zod'
import { STREAM_ID } from '../domain/keys.ts'

const MAX_LIMIT = 100

/** The next page of a list starts after this stream. */
export interface ListPosition {
  readonly liveAt: Date
  readonly id: string
}

/** The query parameters of every list, besides its filters. */
export const PagingQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_LIMIT))
    .default(20)
    .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: 20 }),
  cursor: cursorOf(decodeCursor),
})

/** The parameter `cursor`. @param decode null: the text is no cursor */
export function cursorOf<Position>(decode: (text: string) => Position | null) {
  return z
    .string()
    .transform((text, context): Position => {
      const position = decode(text)
      if (position !== null) return position
      context.addIssue({ code: 'custom', message: 'is not a nextCursor of this list' })
      return z.NEVER
    })
    .optional()
    .describe('`nextCursor` of the previous page')
    .meta({ type: 'string' })
}

/** The answer of every list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().describe('`cursor` of the next page; null on the last page'),
    lastEventId: z
      .string()
      .describe('Pass it to GET /v1/events to get everything that happens after this answer'),
  })
}

/** One or more of an enum's values, comma-separated. */
export function listOf<Value extends string>(values: z.ZodType<Value, Value>, example: string) {
  return z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(values))
    .optional()
    .describe('Only these values, comma-separated')
    .meta({ type: 'string', examples: [example] })
}

export function encodeCursor({ liveAt, id }: ListPosition): string {
  return Buffer.from(`${liveAt.getTime()}.${id}`).toString('base64url')
}

function decodeCursor(cursor: string): ListPosition | null {
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split('.')
  const liveAt = new Date(/^\d+$/.test(time) ? Number(time) : Number.NaN)
  return Number.isNaN(liveAt.getTime()) || !STREAM_ID.test(id) ? null : { liveAt, id }
}
