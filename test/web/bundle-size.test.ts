// The size of the script that a viewer has to load before the video can start.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const WEB = fileURLToPath(new URL('../../apps/web/', import.meta.url))
const LIMIT_BYTES = 200_000

test('has less than 200 kB of script, gzipped, player included', async (t) => {
  const built = await build({ root: WEB, logLevel: 'silent', build: { write: false } })
  const outputs = [built].flat().flatMap((result) => ('output' in result ? result.output : []))
  const sizes = outputs.flatMap((file) => (file.type === 'chunk' ? [gzipSync(file.code).length] : []))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  t.diagnostic(`${sizes.length} scripts, ${total} bytes gzipped`)
  assert.ok(sizes.length >= 2, 'the player is a script of its own')
  assert.ok(total < LIMIT_BYTES, `${total} bytes`)
})
