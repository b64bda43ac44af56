// Event ids are decimal numbers without leading zeros, of any length.

export function isAfter(id: string, cursor: string): boolean {
  return id.length === cursor.length ? id > cursor : id.length > cursor.length
}
