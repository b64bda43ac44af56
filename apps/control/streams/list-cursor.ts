// `cursor` of the list of streams: where a page goes on, opaque to the caller.
import { AppError } from '../http/errors.ts'
import { STREAM_ID } from './keys.ts'
import type { ListPosition } from './store.ts'

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
