// Explains how to publish: step by step with OBS, or with one ffmpeg command.
import { STUDIO_TEXTS } from '../texts/studio-texts.ts'
import { CopyButton } from '../ui/copy-button.tsx'
import { ffmpegCommand } from './encoder-command.ts'

export function EncoderHelp({ ingestUrl, streamKey }: { ingestUrl: string; streamKey: string }) {
  return (
    <section class="panel help">
      <div>
        <h3>{STUDIO_TEXTS.obs}</h3>
        <ol>
          {STUDIO_TEXTS.obsSteps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </div>
      <div>
        <h3>{STUDIO_TEXTS.ffmpeg}</h3>
        <p class="muted">{STUDIO_TEXTS.ffmpegHint}</p>
        {/* The key is hidden, because others may see the screen, even as part of the stream. */}
        <code class="command">
          {splitOptions(ffmpegCommand(ingestUrl, '••••••••')).map((option) => (
            <span key={option}>{option} </span>
          ))}
        </code>
        <CopyButton text={ffmpegCommand(ingestUrl, streamKey)} what={STUDIO_TEXTS.ffmpeg} />
      </div>
    </section>
  )
}

/** Splits the command before each option, so that a narrow screen does not break "-bufsize" at its dash. */
function splitOptions(command: string): string[] {
  return command.split(/ (?=-)/)
}
