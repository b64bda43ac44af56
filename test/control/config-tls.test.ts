// The settings of TLS, and of the addresses on which the public ports listen.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../apps/control/config.ts'
import { problems } from './support/setting-problems.ts'

const TLS = { TLS_CERT: 'cert.pem', TLS_KEY: 'key.pem' }

test('with a certificate the default addresses are https and rtmps', () => {
  const config = readConfig({ ...TLS, HTTPS_PORT: '85', RTMPS_PORT: '86' })
  assert.equal(config.publicUrl, 'https://localhost:85')
  assert.equal(config.rtmpUrl, 'rtmps://localhost:86/live')
  assert.deepEqual(config.tls, { certFile: 'cert.pem', keyFile: 'key.pem' })
})

test('a wrong value is refused by its name', () => {
  for (const [name, value] of [
    ['HTTPS_PORT', 'x'],
    ['RTMPS_PORT', '0'],
    ['HTTP_ADDRESS', 'localhost'],
    ['HTTP_ADDRESS', '*'],
    ['RTMP_ADDRESS', '1.2.3'],
    ['HSTS_MAX_AGE', '-1'],
    ['HSTS_MAX_AGE', 'a year'],
  ] as const) {
    assert.match(problems({ ...TLS, [name]: value }).join('\n'), new RegExp(`^${name}: `), value)
  }
})

test('certificate and key are set together, and HSTS only with them', () => {
  assert.equal(problems({ TLS_CERT: 'cert.pem' }).join('\n'), 'TLS_KEY: must be set when TLS_CERT is set')
  assert.equal(problems({ TLS_KEY: 'key.pem' }).join('\n'), 'TLS_CERT: must be set when TLS_KEY is set')
  assert.match(problems({ HSTS_MAX_AGE: '60' }).join('\n'), /^HSTS_MAX_AGE: .*TLS_CERT/)
  assert.equal(readConfig({ ...TLS, HSTS_MAX_AGE: '60' }).hstsMaxAgeS, 60)
})

test('HTTPS_PORT and RTMPS_PORT must differ from other ports, but only with a certificate', () => {
  assert.match(problems({ ...TLS, HTTP_PORT: '8443' }).join('\n'), /^HTTPS_PORT: 8443 is also HTTP_PORT/)
  assert.match(problems({ ...TLS, RTMPS_PORT: '1935' }).join('\n'), /^RTMPS_PORT: 1935 is also RTMP_PORT/)
  assert.equal(readConfig({ HTTP_PORT: '8443' }).httpPort, 8443)
})
