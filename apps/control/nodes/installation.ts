// The id of this installation: random, made at the first start and kept in DATA_DIR. It tells a control that
// was restarted from another one with the same NODE_ID.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nanoid } from 'nanoid'
import { nullIfMissing } from '../common/file-errors.ts'

const INSTALLATION_ID = /^[\w-]{21}$/

export function installationFile(dataDir: string): string {
  return join(dataDir, 'installation-id')
}

/** Reads the id, or makes it. @throws when DATA_DIR cannot be read or written */
export async function readInstallationId(dataDir: string): Promise<string> {
  const file = installationFile(dataDir)
  const kept = (await readFile(file, 'utf8').catch(nullIfMissing))?.trim()
  if (kept !== undefined && INSTALLATION_ID.test(kept)) return kept
  const id = nanoid()
  await mkdir(dataDir, { recursive: true })
  // Renamed into place: a full disk must not leave half an id.
  const draft = `${file}.${id}`
  await writeFile(draft, `${id}\n`, { mode: 0o600 })
  await rename(draft, file)
  return id
}
