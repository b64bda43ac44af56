// npm start with TLS: what stops it, and a self-signed certificate.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { handshake, makeCertificate } from '../../support/certificate.ts'
import { processesOf } from '../../support/leftovers.ts'
import { StackProcess, stackFolder } from '../stack-process.ts'

suite('a start that fails', { concurrency: true }, () => {
  test('lists what is wrong with certificate and key together with every other wrong setting', async () => {
    await using place = await stackFolder()
    const TLS_KEY = join(place.folder, 'key.pem')
    writeFileSync(TLS_KEY, 'no key')
    const TLS_CERT = join(place.folder, 'nothing.pem')
    const stack = new StackProcess({
      ...place.settings,
      TLS_CERT,
      TLS_KEY,
      HTTPS_PORT: 'x',
      LOG_LEVEL: 'loud',
    })
    assert.equal(await stack.exit(), 1)
    assert.deepEqual(
      [...stack.output.matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name),
      ['HTTPS_PORT', 'LOG_LEVEL', 'TLS_CERT', 'TLS_KEY'],
    )
    assert.doesNotMatch(stack.output, /\n {4}at /)
  })

  test('says that certificate and key do not belong together', async () => {
    await using place = await stackFolder()
    const { certFile } = makeCertificate(place.folder, 'one')
    const { keyFile } = makeCertificate(place.folder, 'two')
    const stack = new StackProcess({ ...place.settings, TLS_CERT: certFile, TLS_KEY: keyFile })
    assert.equal(await stack.exit(), 1)
    assert.match(stack.output, /\n {2}TLS_KEY: the key does not belong to the certificate in TLS_CERT/)
  })

  for (const setting of ['HTTPS_PORT', 'RTMPS_PORT']) {
    test(`names a taken port by its setting: ${setting}`, async () => {
      await using place = await stackFolder()
      const { certFile, keyFile } = makeCertificate(place.folder, 'one')
      const port = Number(place.settings[setting])
      await using squatter = createServer()
      squatter.listen(port, '127.0.0.1')
      await once(squatter, 'listening')
      const stack = new StackProcess({ ...place.settings, TLS_CERT: certFile, TLS_KEY: keyFile })
      assert.equal(await stack.exit(), 1)
      assert.match(stack.output, new RegExp(`${setting} ${port} is taken`))
      assert.deepEqual(processesOf(place.folder), [])
    })
  }

  test('refuses an address that this machine does not have, and an option that does not exist', async () => {
    await using place = await stackFolder()
    const elsewhere = new StackProcess({ ...place.settings, HTTP_ADDRESS: '192.0.2.1' })
    assert.equal(await elsewhere.exit(), 1)
    assert.match(elsewhere.output, /HTTP_PORT \d+: 192\.0\.2\.1 is not an address of this machine/)
    const misspelt = new StackProcess(place.settings, ['--tls-selfsigned'])
    assert.equal(await misspelt.exit(), 1)
    assert.match(misspelt.output, /--tls-selfsigned: the only option of npm start is --tls-self-signed/)
  })
})

suite('npm start -- --tls-self-signed', () => {
  test('offers HTTPS and RTMPS, and says where and that browsers warn', async () => {
    await using place = await stackFolder()
    const { HTTPS_PORT = '', RTMPS_PORT = '' } = place.settings
    const stack = await new StackProcess(place.settings, ['--tls-self-signed']).ready()
    assert.ok(stack.says(`https://localhost:${HTTPS_PORT}/`), stack.output)
    assert.ok(stack.says(`rtmps://localhost:${RTMPS_PORT}/live`), stack.output)
    assert.ok(stack.says('The certificate is self-signed: browsers warn about it.'), stack.output)
    const { serial } = await handshake(HTTPS_PORT)
    assert.equal((await handshake(RTMPS_PORT)).serial, serial)
    stack.process.kill('SIGTERM')
    assert.equal(await stack.exit(), 0)
  })
})
