import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { atLeastTimes, atMost, isMet, type Row } from './measurement.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'bench-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const bench = (...args: string[]) => run(process.execPath, [join(import.meta.dirname, 'run.ts'), ...args])

test('measures the way to live from end to end, in small: as a table, as JSON and in a document', async () => {
  const file = join(folder, 'figures.json')
  const document = join(folder, 'figures.md')
  writeFileSync(document, '# Old\n\n## idle\n\n2020-01-01\n\n| kept |\n\n## live-event\n\n| replaced |\n')
  const args = ['--tiny', '--only', 'live-event', '--json', file, '--write', document]
  const { stdout } = await bench(...args)
  assert.match(stdout, /^live-event: median, 2 others +[\d.]+ ms +[\d.]+ fs\.watch \+ mysql2 +[\d.]+×/m)
  const { rows } = JSON.parse(readFileSync(file, 'utf8')) as { rows: (Row & { measurement: string })[] }
  assert.ok(rows.length > 0)
  for (const { measurement, what, figure, beside } of rows) {
    assert.equal(measurement, 'live-event')
    assert.ok(figure > 0 && figure < 5_000, `${what}: ${figure}`)
    assert.ok(beside !== undefined && beside.figure > 0, what)
  }
  const text = readFileSync(document, 'utf8')
  assert.match(text, /^# Figures\n[^#]*## live-event\n\n\d{4}-\d\d-\d\d: \d+ cores of [^#]* mean nothing\.\n/)
  assert.match(text, /^\| median, 2 others \| [\d.]+ ms \| [\d.]+ fs\.watch \+ mysql2 \| [\d.]+× \|/m)
  assert.ok(!text.includes('replaced'), 'figures that were measured again are still there')
  assert.ok(text.endsWith('\n## idle\n\n2020-01-01\n\n| kept |\n'), 'figures that were not measured are gone')
})

test('names what it can measure, and refuses what it can’t', async () => {
  const { stdout } = await bench('--list')
  assert.match(stdout, /^live-event /m)
  await assert.rejects(bench('--only', 'luck'), /there is no measurement luck; there are live-event/)
  await assert.rejects(bench('--fast'), /--fast/)
})

test('a bar is met by what is on its side, and never by what could not be measured', () => {
  const row = { what: '', unit: '', figure: 4, beside: { what: '', figure: 5 } }
  assert.equal(isMet({ ...row, bars: [atMost(4), atLeastTimes(0.8)] }), true)
  assert.equal(isMet({ ...row, bars: [atMost(4), atLeastTimes(0.81)] }), false)
  assert.equal(isMet({ ...row, figure: Number.NaN, bars: [atMost(4)] }), false)
  assert.equal(isMet(row), undefined)
})
