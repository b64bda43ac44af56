// How to publish: OBS step by step, ffmpeg as one command.
import { CopyButton } from '../ui/copy-button.tsx'
import { ffmpegCommand } from './encoder-command.ts'
import { STUDIO_TEXTS } from './studio-texts.ts'

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
        {/* Somebody may be looking over the shoulder, or the screen may be on air already. */}
        <code class="command">
          {options(ffmpegCommand(ingestUrl, '••••••••')).map((option) => (
            <span key={option}>{option} </span>
          ))}
        </code>
        <CopyButton text={ffmpegCommand(ingestUrl, streamKey)} what={STUDIO_TEXTS.ffmpeg} />
      </div>
    </section>
  )
}

/** Broken where an option begins, so that a narrow screen does not tear "-bufsize" at its dash. */
function options(command: string): string[] {
  return command.split(/ (?=-)/)
}
