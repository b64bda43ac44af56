// The ffmpeg command that the studio offers to copy.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { ffmpegCommand } from '../../apps/web/src/studio/encoder-command.ts'

test('passes the RTMP URL to ffmpeg as one argument, whatever characters it has', () => {
  const command = ffmpegCommand(`rtmp://host/it's $HOME/`, 'live_key').replace(/^ffmpeg/, `printf '%s\\n'`)
  const words = execFileSync('sh', ['-c', command], { encoding: 'utf8' }).trimEnd().split('\n')
  assert.equal(words.at(-1), `rtmp://host/it's $HOME/live_key`)
})
