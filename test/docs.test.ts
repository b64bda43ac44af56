// The documents name only what exists: commands, files, headings that a link leads to, and code.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const DOCUMENTS = globSync('{*,docs/**/*}.md', { cwd: ROOT })
/** File names without a folder in front are in control (docs/architecture.md says so). */
const PLACES = ['.', 'apps/control']
/** Made when OnAir runs, so that a clean clone does not have them. */
const MADE_LATER = /^(\.data|DATA_DIR|test\/\.output)(\/|$)/

const sources = globSync('{apps,test,prisma}/**/*.{ts,tsx,sh,prisma}', {
  cwd: ROOT,
  exclude: ['**/generated/**', '**/dist/**'],
}).map(read)

/** What a document has in backticks, with the document's path. */
const quoted = DOCUMENTS.flatMap((document) =>
  [...read(document).matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => ({ document, text })),
)

/** @returns `<document>: <text>` for each text that fails */
function failing(texts: typeof quoted, isRight: (text: string) => boolean): string[] {
  return texts.filter(({ text }) => !isRight(text)).map(({ document, text }) => `${document}: ${text}`)
}

test('every npm command in the documents exists', () => {
  const { scripts } = JSON.parse(read('package.json'))
  const commands = DOCUMENTS.flatMap((document) =>
    [...read(document).matchAll(/npm run ([a-z:]+)/g)].map(([, text = '']) => ({ document, text })),
  )
  assert.ok(commands.length > 10)
  assert.deepEqual(
    failing(commands, (command) => command in scripts),
    [],
  )
})

test('every file and folder that the documents name exists', () => {
  const paths = quoted.filter(
    ({ text }) =>
      /^\.?\w[\w.-]*(\/[\w.-]+)*\/?$/.test(text) && (/\w\//.test(text) || /\w\.(ts|sh|md|json)$/.test(text)),
  )
  assert.ok(paths.length > 50)
  const exists = (path: string) => PLACES.some((place) => existsSync(join(ROOT, place, path)))
  assert.deepEqual(
    failing(paths, (path) => MADE_LATER.test(path) || exists(path)),
    [],
  )
})

test('every class, method and function that the documents name exists', () => {
  const names = quoted.filter(({ text }) => /^[A-Za-z]+(\.#?[a-z][A-Za-z]*)?$/.test(text))
  const members = names.filter(({ text }) => /^[A-Z][A-Za-z]*[a-z]\.#?[a-z]/.test(text))
  const camelCase = names.filter(({ text }) => /^[a-z]+[A-Z][A-Za-z]*$/.test(text))
  assert.ok(members.length > 10)
  assert.ok(camelCase.length > 10)
  const has = (source: string, pattern: string) => new RegExp(pattern).test(source)
  const isMember = (text: string) => {
    const [owner, member] = text.split('.')
    return sources.some((it) => has(it, `class ${owner}\\b`) && has(it, `[ .]${member}[<(]`))
  }
  const wrong = [
    ...failing(members, isMember),
    ...failing(camelCase, (name) => sources.some((it) => has(it, `\\b${name}\\b`))),
  ]
  assert.deepEqual(wrong, [])
})

test('every link between the documents leads to a file, and to a heading in it', () => {
  const links = DOCUMENTS.flatMap((document) =>
    [...read(document).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, text = '']) => ({ document, text })),
  )
  assert.ok(links.length > 30)
  const wrong = links.filter(({ document, text }) => {
    const [path = '', heading] = text.split('#')
    const target = path === '' ? document : relative('.', join(dirname(document), path))
    if (!existsSync(join(ROOT, target))) return true
    return heading !== undefined && !headingsOf(target).includes(heading)
  })
  assert.deepEqual(wrong, [])
})

/** The anchors of a document's headings, as GitHub makes them. */
function headingsOf(document: string): string[] {
  const headings = read(document).matchAll(/^#+ (.+)$/gm)
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  )
}
