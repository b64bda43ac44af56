// Stores what must survive a reload in this tab's session storage, which other tabs can't read.

/** Undefined: nothing is stored, or the browser has storage switched off. */
export function readTab(name: string): string | undefined {
  try {
    return sessionStorage.getItem(name) ?? undefined
  } catch {
    return undefined
  }
}

/** Does nothing when the browser has storage switched off: the studio then works until a reload. */
export function writeTab(name: string, value: string | undefined): void {
  try {
    if (value === undefined) sessionStorage.removeItem(name)
    else sessionStorage.setItem(name, value)
  } catch {
    // Storage is switched off or full.
  }
}
