import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readConfig } from '../../../apps/control/config.ts'
import { parseConnectionUrl } from '../../../apps/control/database/connection-url.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'

describe('DATABASE_URL', () => {
  const parse = (url: string) => parseConnectionUrl(new Secret(url))

  test('is parsed, with its percent escapes decoded', () => {
    assert.deepEqual(parse('mysql://u%40ser:p%3Aw%2F@db.example:3307/on%2Dair'), {
      ...{ host: 'db.example', port: 3307, user: 'u@ser', password: 'p:w/', database: 'on-air' },
      ...{ socketPath: undefined, tls: null },
    })
  })

  test('says how the server’s certificate is checked: its name as well, unless it says less', () => {
    const verify = (parameters: string) => parse(`mysql://u@h/db?${parameters}`).tls?.verify
    assert.deepEqual(
      ['ssl=true', 'sslaccept=strict', 'ssl-mode=verify_identity'].map(verify),
      Array(3).fill('identity'),
    )
    const less = ['ssl-mode=VERIFY_CA', 'ssl-mode=REQUIRED', 'ssl=false', ''].map(verify)
    assert.deepEqual(less, ['ca', 'nothing', undefined, undefined])
  })

  test('may leave out port and password, and may name an IPv6 address or a Unix socket', () => {
    const { port, password } = parse('mysql://root@h/db')
    assert.deepEqual([port, password], [3306, ''])
    assert.equal(parse('mysql://root@[::1]:3306/db').host, '::1')
    assert.equal(
      parse('mysql://root@localhost/db?socket=%2Frun%2Fmy%20sql.sock').socketPath,
      '/run/my sql.sock',
    )
    assert.equal(
      readConfig({ DATABASE_URL: 'mariadb://root@h/db' }).databaseUrl?.reveal(),
      'mariadb://root@h/db',
    )
  })
})
