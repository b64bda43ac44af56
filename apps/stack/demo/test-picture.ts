// ffmpeg as an encoder: publishes its moving test picture, which shows the seconds, with a tone.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { withParentDeathSignal } from '../supervision/parent-death-signal.ts'

const FPS = 30
const KEYFRAME_EVERY_S = 2

const INPUTS = [
  ...['-re', '-f', 'lavfi', '-i', `testsrc2=size=1280x720:rate=${FPS}`],
  ...['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:beep_factor=4'],
]
const VIDEO = [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
  ...['-b:v', '2500k', '-maxrate', '2500k', '-bufsize', '2500k'],
  // Segments begin at keyframes, so their interval has to be regular.
  ...['-g', `${FPS * KEYFRAME_EVERY_S}`, '-sc_threshold', '0'],
]
const AUDIO = ['-c:a', 'aac', '-b:a', '128k', '-ac', '2']

/**
 * Publishes until ffmpeg ends or the signal is aborted.
 * @returns the last lines that ffmpeg wrote, without the stream key
 */
export async function publishTestPicture(
  ingestUrl: string,
  key: string,
  signal: AbortSignal,
): Promise<string> {
  const [program, ...args] = withParentDeathSignal(
    ...(['ffmpeg', '-hide_banner', '-nostdin', '-loglevel', 'error'] as const),
    ...[...INPUTS, ...VIDEO, ...AUDIO, '-f', 'flv', `${ingestUrl}/${key}`],
  )
  // In a process group of its own: Ctrl-C in the terminal must reach the demo first, to end the stream.
  const ffmpeg = spawn(program, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  createInterface({ input: ffmpeg.stderr }).on('line', (line) => said.push(line.replaceAll(key, '[key]')))
  const stop = () => ffmpeg.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  await new Promise<void>((resolve) => {
    ffmpeg.once('close', (_code, killedBy) => {
      if (killedBy !== null) said.push(`killed (${killedBy})`)
      resolve()
    })
    ffmpeg.once('error', (error) => {
      said.push(error.message)
      resolve()
    })
  })
  signal.removeEventListener('abort', stop)
  return said.slice(-3).join(' / ')
}
