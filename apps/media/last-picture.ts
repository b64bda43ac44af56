// Cuts out of a segment the little that a decoder needs for its last picture, so that the cost of a thumbnail hangs
// neither on the segment's length nor on its bitrate. MPEG-TS as ISO/IEC 13818-1 has it (§2.4.3), no other container.
import { open } from 'node:fs/promises'

const PACKET_BYTES = 188
const SYNC = 0x47
/** The tables that say what is in the segment stand in its first packets. */
const HEAD_BYTES = 64 * PACKET_BYTES
/** Read from the end of a segment; a keyframe of 4K has a few megabytes at most. A multiple of PACKET_BYTES. */
const TAIL_BYTES = 80_000 * PACKET_BYTES
/** Ticks of the timestamps in MPEG-TS in a second. */
const TICKS = 90_000
/** Timestamps have 33 bits. */
const WRAP = 2 ** 33

export interface LastPicture {
  /** A segment that begins with a keyframe, near the end of the given one. */
  readonly bytes: Buffer
  /** How far the given segment's last picture is behind that keyframe. */
  readonly behindS: number
}

interface VideoStart {
  /** Of the packet in which a video frame begins. */
  readonly offset: number
  readonly isKeyframe: boolean
  /** In ticks; null: the frame has no timestamp. */
  readonly pts: number | null
}

/**
 * @param keyframeOnly how far the keyframe may be behind for it to be enough: then `bytes` has nothing but the keyframe
 * @param maxBytes `bytes` that would be longer have nothing but the keyframe either
 * @returns null: there is no keyframe at the end of the file, or it is not MPEG-TS
 */
export async function lastPicture(
  path: string,
  { keyframeOnlyS, maxBytes }: { readonly keyframeOnlyS: number; readonly maxBytes: number },
): Promise<LastPicture | null> {
  const { head, tail } = await readEnds(path)
  const tables = tablesIn(head)
  let last: VideoStart | null = null
  let next = tail.length
  for (let offset = tail.length - PACKET_BYTES; offset >= 0; offset -= PACKET_BYTES) {
    if (tail[offset] !== SYNC) return null
    const start = videoStart(tail, offset)
    if (start === null) continue
    last ??= start
    if (start.isKeyframe) {
      const behindS = start.pts === null || last.pts === null ? 0 : ticksBetween(start.pts, last.pts) / TICKS
      const isEnough = behindS <= keyframeOnlyS || tail.length - offset > maxBytes
      const bytes = Buffer.concat([tables, tail.subarray(offset, isEnough ? next : tail.length)])
      return { bytes, behindS: isEnough ? 0 : behindS }
    }
    next = offset
  }
  return null
}

/** The first and the last bytes of a file, in whole packets; they overlap when the file is small. */
async function readEnds(path: string): Promise<{ head: Buffer; tail: Buffer }> {
  await using file = await open(path)
  const { size } = await file.stat()
  const end = size - (size % PACKET_BYTES)
  const read = async (from: number, to: number) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from)
    return buffer.subarray(0, bytesRead - (bytesRead % PACKET_BYTES))
  }
  return {
    head: await read(0, Math.min(end, HEAD_BYTES)),
    tail: await read(Math.max(0, end - TAIL_BYTES), end),
  }
}

/** What stands before the first frame. */
function tablesIn(head: Buffer): Buffer {
  for (let offset = 0; offset < head.length; offset += PACKET_BYTES)
    if (pesStart(head, offset) !== null) return head.subarray(0, offset)
  return head
}

/** Where a frame's header begins if one does in this packet. */
function pesStart(bytes: Buffer, packet: number): number | null {
  const isFirst = ((bytes[packet + 1] ?? 0) & 0x40) !== 0
  const start = packet + 4 + (hasAdaptation(bytes, packet) ? 1 + (bytes[packet + 4] ?? 0) : 0)
  if (!isFirst || start + 14 > packet + PACKET_BYTES) return null
  return bytes.readUIntBE(start, 3) === 0x000001 ? start : null
}

function hasAdaptation(bytes: Buffer, packet: number): boolean {
  return ((bytes[packet + 3] ?? 0) & 0x20) !== 0
}

function videoStart(bytes: Buffer, packet: number): VideoStart | null {
  const start = pesStart(bytes, packet)
  if (start === null || ((bytes[start + 3] ?? 0) & 0xf0) !== 0xe0) return null
  const isKeyframe =
    hasAdaptation(bytes, packet) && (bytes[packet + 4] ?? 0) > 0 && ((bytes[packet + 5] ?? 0) & 0x40) !== 0
  return {
    offset: packet,
    isKeyframe,
    pts: ((bytes[start + 7] ?? 0) & 0x80) === 0 ? null : pts(bytes, start + 9),
  }
}

/** Five bytes with marker bits between the three parts of the number (§2.4.3.6). */
function pts(bytes: Buffer, at: number): number {
  const top = ((bytes[at] ?? 0) >> 1) & 0x07
  return top * 2 ** 30 + (bytes.readUInt16BE(at + 1) >> 1) * 2 ** 15 + (bytes.readUInt16BE(at + 3) >> 1)
}

/** Never negative: frames are stored in another order than they are shown. */
function ticksBetween(from: number, to: number): number {
  const ticks = (to - from + WRAP) % WRAP
  return ticks > WRAP / 2 ? 0 : ticks
}
