// The container images: each file that a Dockerfile copies exists and is part of the build context, and the
// page can be built from nothing but what nginx's image copies.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { after, test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const DOCKERFILES = ['nginx/Dockerfile', 'apps/control/Dockerfile', 'apps/media/Dockerfile']

const scratch = mkdtempSync(join(tmpdir(), 'images-'))
after(() => rmSync(scratch, { recursive: true }))

/** What the stages of a Dockerfile copy from the repository, stage by stage. */
function copiedFiles(dockerfile: string): string[][] {
  const stages = readFileSync(join(ROOT, dockerfile), 'utf8')
    .split(/^FROM /m)
    .slice(1)
  return stages.map((stage) => {
    const lines = [...stage.matchAll(/^COPY (?!--from)(.+)$/gm)]
    return lines.flatMap(([, line = '']) => line.split(' ').slice(0, -1))
  })
}

for (const dockerfile of DOCKERFILES) {
  test(`every file that ${dockerfile} copies exists and is in the build context`, () => {
    const files = copiedFiles(dockerfile).flat()
    assert.ok(files.length > 5)
    const context = readFileSync(join(ROOT, '.dockerignore'), 'utf8').matchAll(/^!(.+)$/gm)
    const folders = [...context].map(([, path = '']) => path)
    for (const file of files) {
      assert.notEqual(globSync(file, { cwd: ROOT }).length, 0, `${file} does not exist`)
      assert.ok(
        folders.some((folder) => file === folder || file.startsWith(`${folder}/`)),
        `${file} is not in the build context`,
      )
    }
  })
}

/** A source file and everything that it imports of the repository, as paths from its root. */
function withImports(entry: string, found = new Set<string>()): Set<string> {
  if (found.has(entry)) return found
  found.add(entry)
  const text = readFileSync(join(ROOT, entry), 'utf8')
  // Imports of types alone are gone when Node runs the file.
  for (const [, path = ''] of text.matchAll(/^(?:import|export) (?!type )[^'";]*?from '(\.[^']+)'/gms)) {
    withImports(relative(ROOT, resolve(ROOT, dirname(entry), path)), found)
  }
  return found
}

test('media’s image has every file that media imports', () => {
  const copied = copiedFiles('apps/media/Dockerfile').flat()
  const imported = [...withImports('apps/media/main.ts')]
  assert.ok(imported.length > 10)
  const missing = imported.filter(
    (file) => !copied.some((path) => file === path || file.startsWith(`${path}/`)),
  )
  assert.deepEqual(missing, [])
})

test('the page builds from what nginx’s image copies, and nothing else', () => {
  for (const file of copiedFiles('nginx/Dockerfile')[0] ?? []) {
    // Not a page that was built here before.
    const filter = (path: string) => !path.startsWith(join(ROOT, 'apps/web/dist'))
    cpSync(join(ROOT, file), join(scratch, file), { recursive: true, filter })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(scratch, 'node_modules'))
  const vite = join(scratch, 'node_modules/.bin/vite')
  const { status, stderr } = spawnSync(vite, ['build', 'apps/web'], { cwd: scratch, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.ok(existsSync(join(scratch, 'apps/web/dist/index.html')))
})

test('media’s image has every file that media imports', () => {
  const root = join(scratch, 'media')
  for (const pattern of copiedFiles('apps/media/Dockerfile').at(-1) ?? []) {
    for (const file of globSync(pattern, { cwd: ROOT }))
      cpSync(join(ROOT, file), join(root, file), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  const imports = "await import('./apps/media/media.ts'); await import('./apps/control/config.ts')"
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', imports], {
    cwd: root,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
})
