// How many watch, with an eye to recognise it by.
import { TEXTS } from '../texts.ts'
import eye from './icons/eye.svg'

export function ViewerCount({ viewers }: { viewers: number }) {
  return (
    <span class="viewers">
      <img src={eye} alt="" width="18" height="18" />
      {TEXTS.viewers(viewers)}
    </span>
  )
}
