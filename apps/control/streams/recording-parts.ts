// A recording's parts as the text of a column.
import { z } from 'zod'
import type { RecordingPart } from '../domain/recording-part.ts'

const Parts: z.ZodType<RecordingPart[]> = z.array(
  z.object({
    nodeId: z.string(),
    storageId: z.string(),
    publicUrl: z.string(),
    stored: z.object({ segments: z.number(), sizeBytes: z.number() }).nullable(),
  }),
)

/** Null: there is no part. */
export function toPartsText(parts: readonly RecordingPart[]): string | null {
  return parts.length === 0 ? null : JSON.stringify(parts)
}

/** @throws when the text is not what `toPartsText` writes */
export function parsePartsText(text: string | null): RecordingPart[] {
  return text === null ? [] : Parts.parse(JSON.parse(text))
}
