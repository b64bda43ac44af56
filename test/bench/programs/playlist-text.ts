// A playlist as nginx-rtmp writes it.

export function playlistText(lastSegment: number): string {
  const segments = Array.from({ length: 4 }, (_, index) => lastSegment - 3 + index).filter((n) => n >= 0)
  const entries = segments.map((segment) => `#EXTINF:3.000,\n${segment}.ts\n`)
  const head = `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:${segments[0] ?? 0}\n#EXT-X-TARGETDURATION:3\n`
  return head + entries.join('')
}
