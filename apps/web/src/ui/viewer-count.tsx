// The number of viewers, with an eye icon.
import { TEXTS } from '../texts/texts.ts'
import eye from './icons/eye.svg'

export function ViewerCount({ viewers }: { viewers: number }) {
  return (
    <span class="viewers">
      <img src={eye} alt="" width="18" height="18" />
      {TEXTS.viewers(viewers)}
    </span>
  )
}
