// Exit code 0 when node_modules holds what package-lock.json says, 1 when npm ci is needed.
// Runs on whatever Node (20 or newer) is there, before any package is.
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
// npm writes this last, so an interrupted installation has none.
const installed = packagesIn('node_modules/.package-lock.json')

const current =
  wanted !== undefined &&
  installed !== undefined &&
  Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true
    const there = installed[path]
    // Packages for other platforms are optional and never installed.
    if (there === undefined) return optional === true
    return there.version === version && there.integrity === integrity
  })

process.exitCode = current ? 0 : 1
