// The identity of a recordings folder: a random id in a file in it. All nodes that share the folder, by NFS or by a
// volume, read the same id. A folder that was moved keeps its id; an empty one in its place gets another.
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { nanoid } from 'nanoid'
import { hasCode, isMissing } from '../common/file-errors.ts'
import { CANNOT_LINK } from './hard-links.ts'

const FILE = '.folder-id'
const ID = /^[\w-]{21}$/
/** How long another node may take to write the file where it could not be linked into place. */
const READ_ATTEMPTS = 20
const READ_EVERY_MS = 50

/** The operator has to fix the folder; the message says what is wrong. */
export class RecordingsFolderError extends Error {
  override name = 'RecordingsFolderError'
}

/**
 * Makes the folder if there is none, and its id if it has none.
 * @param folder RECORDINGS_DIR
 * @throws RecordingsFolderError when the folder cannot be made, read or written
 */
export async function openFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true })
    await checkWritable(folder)
    return (await readId(folder)) ?? (await makeId(folder))
  } catch (error) {
    if (error instanceof RecordingsFolderError) throw error
    throw new RecordingsFolderError(
      `RECORDINGS_DIR ${folder} cannot be used: ${(error as Error).message}. Control must be able to write to it.`,
      { cause: error },
    )
  }
}

async function checkWritable(folder: string): Promise<void> {
  const path = join(folder, `.${nanoid()}`)
  await writeFile(path, '')
  await rm(path)
}

/** Null: there is no id yet. */
async function readId(folder: string): Promise<string | null> {
  const path = join(folder, FILE)
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return null
      throw error
    })
    if (text === null) return null
    if (ID.test(text.trim())) return text.trim()
    if (text !== '') break
    // Another node has just created the file and is about to write it.
    await delay(READ_EVERY_MS)
  }
  throw new RecordingsFolderError(`${path} does not hold the id of a recordings folder.`)
}

/** Of several nodes that make an id at a time, one succeeds, and all return that one's. */
async function makeId(folder: string): Promise<string> {
  const path = join(folder, FILE)
  const text = `${nanoid()}\n`
  const draft = join(folder, `.${nanoid()}`)
  try {
    await writeFile(draft, text)
    // A link appears with its contents, and fails when there is such a file already.
    await link(draft, path).catch((error: unknown) => {
      if (hasCode(error, 'EEXIST')) return
      if (!CANNOT_LINK.some((code) => hasCode(error, code))) throw error
      return writeFile(path, text, { flag: 'wx' }).catch((taken: unknown) => {
        if (!hasCode(taken, 'EEXIST')) throw taken
      })
    })
  } finally {
    await rm(draft, { force: true })
  }
  const id = await readId(folder)
  if (id === null) throw new RecordingsFolderError(`${path} was removed while control started.`)
  return id
}
