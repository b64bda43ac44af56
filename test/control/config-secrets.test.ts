// The settings with secrets in them: tokens, the addresses of databases, and an S3 store.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { readConfig } from '../../apps/control/config.ts'
import { problems } from './support/setting-problems.ts'

const CREATE_TOKEN = 'creates-and-reads-only-24'

test('a parameter of DATABASE_URL that is not understood is refused, with those that are', () => {
  const parameters = (text: string) => problems({ DATABASE_URL: `mysql://u:hunter2@h/db?${text}` }).join()
  assert.equal(
    parameters('socket=/s&connection_limit=5&charset=utf8'),
    'DATABASE_URL: has parameters that OnAir does not know (connection_limit, charset); it knows socket, ' +
      'ssl-mode, ssl, sslaccept, ssl-ca, sslcert, ssl-cert, ssl-key',
  )
  assert.match(parameters('ssl-mode=PREFERRED'), /one of VERIFY_IDENTITY, VERIFY_CA, REQUIRED, DISABLED$/)
  assert.match(parameters('ssl=1'), /must be one of true, false$/)
  assert.match(parameters('ssl=true&ssl-mode=REQUIRED'), /has ssl-mode and ssl; one of them is enough$/)
  assert.match(parameters('ssl-ca=/nonexistent/ca.pem'), /ssl-ca that can't be read: ENOENT/)
  assert.match(parameters('ssl-ca=package.json'), /ssl-ca that is not in PEM form/)
  assert.match(parameters('ssl=true&socket=/s'), /has both socket and TLS/)
  assert.equal(parameters('ssl=true'), '')
})

test('MIGRATION_DATABASE_URL is refused for another database, and alone', () => {
  const url = { MIGRATION_DATABASE_URL: 'mysql://ddl@h/db' }
  assert.match(problems(url).join(), /^DATABASE_URL: must be set/)
  const other = problems({ ...url, DATABASE_URL: 'mysql://u@h/other' })
  assert.match(other.join(), /^MIGRATION_DATABASE_URL: must name/)
  assert.deepEqual(problems({ ...url, DATABASE_URL: 'mysql://u@h/db' }), [])
})

test('a token is refused that is short, has characters that no header can carry, or is in both lists', () => {
  for (const name of ['API_TOKENS', 'CREATE_TOKENS']) {
    assert.deepEqual(problems({ [name]: `${CREATE_TOKEN},${'x'.repeat(23)}` }), [
      `${name}: token 2 has fewer than 24 characters; make one with: openssl rand -hex 24`,
    ])
    assert.match(problems({ [name]: `${CREATE_TOKEN} ${CREATE_TOKEN}` }).join(), /^\w+: token 1 has /)
  }
  const both = { API_TOKENS: CREATE_TOKEN, CREATE_TOKENS: CREATE_TOKEN }
  assert.match(problems(both).join(), /^CREATE_TOKENS: token 1 is also in API_TOKENS/)
})

test('a token is required when creating takes one', () => {
  assert.match(problems({ STREAM_CREATION: 'token' }).join(), /^API_TOKENS: .*CREATE_TOKENS/)
  assert.deepEqual(problems({ STREAM_CREATION: 'token', CREATE_TOKENS: CREATE_TOKEN }), [])
})

test('only a part of an S3 store is refused', () => {
  const s3 = { S3_BUCKET: 'recordings' }
  assert.match(problems({ S3_ENDPOINT: 'http://minio:9000' }).join(), /^S3_BUCKET: .*S3_ENDPOINT/)
  assert.match(problems({ S3_PUBLIC_URL: 'http://cdn.example' }).join(), /^S3_BUCKET: .*S3_PUBLIC_URL/)
  assert.match(problems({ ...s3, AWS_ACCESS_KEY_ID: 'id' }).join(), /^AWS_ACCESS_KEY_ID: .*AWS_SECRET/)
  assert.match(problems({ ...s3, AWS_SECRET_ACCESS_KEY: 'x' }).join(), /^AWS_ACCESS_KEY_ID: /)
  // Credentials alone may be in the environment for something else.
  assert.equal(readConfig({ AWS_ACCESS_KEY_ID: 'id' }).s3, null)
})

test('an S3 store has an endpoint, a bucket, a region, credentials and a public URL', () => {
  const given = {
    S3_ENDPOINT: 'http://minio:9000/',
    S3_BUCKET: 'recordings',
    S3_PUBLIC_URL: 'https://cdn.example/',
  }
  const { s3 } = readConfig({ ...given, AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'hunter2' })
  const { credentials, ...rest } = s3 ?? assert.fail()
  assert.deepEqual(rest, {
    ...{ endpoint: 'http://minio:9000', bucket: 'recordings', region: 'us-east-1' },
    publicUrl: 'https://cdn.example',
  })
  assert.equal(credentials?.accessKeyId, 'id')
  assert.equal(credentials?.secretAccessKey.reveal(), 'hunter2')
  assert.ok(!inspect(s3, { depth: 9, showHidden: true }).includes('hunter2'))
  // Credentials may come from a role or a profile.
  assert.equal(readConfig({ S3_BUCKET: 'recordings' }).s3?.credentials, null)
})
