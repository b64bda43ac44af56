// Exit code 0 when node_modules contains what package-lock.json says, 1 when npm ci is needed.
// Runs before the packages are installed, on the machine's own Node (20 or newer).
const { readFileSync } = require('node:fs')

/** @param {string} file */
function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

const wanted = packagesIn('package-lock.json')
// npm writes this file last, so an interrupted installation does not have it.
const installed = packagesIn('node_modules/.package-lock.json')

const current =
  wanted !== undefined &&
  installed !== undefined &&
  Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true
    const found = installed[path]
    // Packages for other platforms are optional, and npm does not install them.
    if (found === undefined) return optional === true
    return found.version === version && found.integrity === integrity
  })

process.exitCode = current ? 0 : 1
