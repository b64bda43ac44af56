// Secrets from files: <NAME>_FILE for each secret setting.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readConfig } from '../../apps/control/config.ts'
import { problems } from './support/setting-problems.ts'

const TOKEN = 'one-token-of-24-characters'
let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-'))
})
after(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('every secret can come from a file, without the line ends at its end', () => {
  const config = readConfig({
    DATABASE_URL_FILE: file('database', 'mysql://u:p@h/db\n'),
    MIGRATION_DATABASE_URL_FILE: file('migrations', 'mysql://ddl@h/db\n'),
    API_TOKENS_FILE: file('api', `${TOKEN}1,${TOKEN}2\r\n\n`),
    CREATE_TOKENS_FILE: file('create', `${TOKEN}3\n${TOKEN}4`),
    ...{ S3_BUCKET: 'recordings', AWS_ACCESS_KEY_ID: 'id' },
    AWS_SECRET_ACCESS_KEY_FILE: file('aws', 'hunter2\n'),
  })
  assert.equal(config.databaseUrl?.reveal(), 'mysql://u:p@h/db')
  const texts = [...config.apiTokens, ...config.createTokens].map((token) => token.reveal())
  assert.deepEqual(
    texts,
    [1, 2, 3, 4].map((n) => `${TOKEN}${n}`),
  )
  assert.equal(config.s3?.credentials?.secretAccessKey.reveal(), 'hunter2')
})

test('a file that is not there, may not be read or is empty is refused by the setting’s name', () => {
  const missing = join(folder, 'missing')
  assert.match(
    problems({ API_TOKENS_FILE: missing }).join(),
    /^API_TOKENS_FILE: can't be read: ENOENT.*missing/,
  )
  assert.match(problems({ DATABASE_URL_FILE: folder }).join(), /^DATABASE_URL_FILE: can't be read: EISDIR/)
  for (const text of ['', '\n', ' \n']) {
    const path = file('empty', text)
    assert.deepEqual(problems({ CREATE_TOKENS_FILE: path }), [`CREATE_TOKENS_FILE: ${path} is empty`])
  }
})

test('the setting and its file together are refused; an empty value counts as not set', () => {
  const path = file('both', TOKEN)
  assert.deepEqual(problems({ API_TOKENS: TOKEN, API_TOKENS_FILE: path }), [
    'API_TOKENS_FILE: API_TOKENS is set too; use one or the other',
  ])
  assert.equal(readConfig({ API_TOKENS: '', API_TOKENS_FILE: path }).apiTokens.length, 1)
  assert.equal(readConfig({ API_TOKENS: TOKEN, API_TOKENS_FILE: '' }).apiTokens.length, 1)
})

test('all wrong ones are listed together, without what is in the files', () => {
  const found = problems({
    API_TOKENS_FILE: file('short', 'hunter2'),
    DATABASE_URL_FILE: file('url', 'hunter2'),
    HTTP_PORT: 'x',
  })
  assert.deepEqual(found.map((line) => line.split(':')[0]).sort(), [
    'API_TOKENS',
    'DATABASE_URL',
    'HTTP_PORT',
  ])
  assert.ok(!found.join().includes('hunter2'))
})
