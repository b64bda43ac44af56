// What the studio keeps over a reload: in this tab's session storage and nowhere else.

/** Undefined: there is nothing, or no storage. */
export function readTab(name: string): string | undefined {
  try {
    return sessionStorage.getItem(name) ?? undefined
  } catch {
    return undefined
  }
}

/** Without storage, which can be switched off, the studio works until the reload. */
export function writeTab(name: string, value: string | undefined): void {
  try {
    if (value === undefined) sessionStorage.removeItem(name)
    else sessionStorage.setItem(name, value)
  } catch {
    // As said.
  }
}
