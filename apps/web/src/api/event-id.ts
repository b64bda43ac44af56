// Compares event ids. They are decimal numbers without leading zeros that may be too large for a double.

export function isAfter(id: string, cursor: string): boolean {
  return id.length === cursor.length ? id > cursor : id.length > cursor.length
}
