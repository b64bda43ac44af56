// The folders of control and of the page: lint refuses an import against their direction, no folder is
// without a rule, and no source file grows beyond 250 lines without saying why.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const BIOME = join(ROOT, 'node_modules/.bin/biome')
/** What is divided into folders that import one another in one direction. */
const DIVIDED = ['apps/control', 'apps/web/src']
/** No code. */
const STYLES = 'styles'
const MAX_LINES = 250
/** What a longer file has to say in its first lines. */
const REASON = /long because/i

function foldersOf(app: string): string[] {
  return readdirSync(join(ROOT, app), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== STYLES)
    .map((entry) => entry.name)
}

let scratch: string
before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'structure-'))
  copyFileSync(join(ROOT, 'biome.json'), join(scratch, 'biome.json'))
})
after(() => rmSync(scratch, { recursive: true }))

/** The imports that lint refuses in one scratch file for each folder: `<folder> <import>`. */
function refusedImports(app: string, importsOf: (folder: string) => readonly string[]): Set<string> {
  for (const folder of foldersOf(app)) {
    mkdirSync(join(scratch, app, folder), { recursive: true })
    const lines = importsOf(folder).map((path) => `import '${path}'\n`)
    writeFileSync(join(scratch, app, folder, 'x.ts'), lines.join(''))
  }
  const args = ['lint', '--vcs-enabled=false', '--only=style/noRestrictedImports']
  const { stdout } = spawnSync(BIOME, [...args, '--max-diagnostics=none', '--reporter=github', app], {
    cwd: scratch,
    encoding: 'utf8',
  })
  const refused = stdout.matchAll(/\/(\w+)\/x\.ts,line=(\d+)/g)
  return new Set(
    [...refused].map(([, folder = '', line]) => `${folder} ${importsOf(folder)[Number(line) - 1]}`),
  )
}

for (const app of DIVIDED) {
  test(`of two folders of ${app} at most one may import the other, and lint refuses the way back`, () => {
    const folders = foldersOf(app)
    const refused = refusedImports(app, (folder) =>
      folders.filter((other) => other !== folder).map((other) => `../${other}/y.ts`),
    )
    for (const folder of folders) {
      for (const other of folders) {
        if (folder >= other) continue
        const isOneWay =
          refused.has(`${folder} ../${other}/y.ts`) || refused.has(`${other} ../${folder}/y.ts`)
        assert.ok(isOneWay, `lint lets ${folder} and ${other} import each other`)
      }
    }
  })
}

test('lint refuses I/O in the folder of the pure rules, and what composes control everywhere in it', () => {
  const refused = refusedImports('apps/control', (folder) =>
    folder === 'domain'
      ? ['node:fs', 'chokidar', 'node:timers/promises', 'node:crypto']
      : ['../context.ts', '../app.ts'],
  )
  const pure = ['node:fs', 'chokidar', 'node:timers/promises'].map((name) => `domain ${name}`)
  const others = foldersOf('apps/control').filter((folder) => folder !== 'domain')
  const composing = others.flatMap((folder) => [`${folder} ../context.ts`, `${folder} ../app.ts`])
  assert.deepEqual([...refused].sort(), [...pure, ...composing].sort())
})

test('a source file of more than 250 lines says why', () => {
  const files = globSync('{apps,test}/**/*.{ts,tsx}', {
    cwd: ROOT,
    exclude: ['**/generated/**', '**/dist/**'],
  })
  const long = files.filter((file) => {
    const lines = readFileSync(join(ROOT, file), 'utf8').split('\n')
    return lines.length > MAX_LINES && !REASON.test(lines.slice(0, 8).join(' '))
  })
  assert.deepEqual(long, [])
})

test('the table of folders in docs/architecture.md says what lint allows', () => {
  const folders = foldersOf('apps/control')
  const document = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')
  const rows = [...document.matchAll(/^\| `(\w+)\/` \| .* \| (.+) \|$/gm)]
  assert.deepEqual(rows.map(([, folder]) => folder).sort(), folders.sort())
  const refused = refusedImports('apps/control', (folder) =>
    folders.filter((other) => other !== folder).map((other) => `../${other}/y.ts`),
  )
  for (const [, folder = '', text = ''] of rows) {
    const names = text.split(/[ ,]+/)
    const isAllowed = (other: string) => text.startsWith('all of the above but') !== names.includes(other)
    for (const other of folders) {
      if (other === folder) continue
      const isRefused = refused.has(`${folder} ../${other}/y.ts`)
      assert.equal(isAllowed(other), !isRefused, `${folder} importing ${other}`)
    }
  }
})
