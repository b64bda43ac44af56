// The player's code, loaded beside the page: it is nine tenths of the script, and a page that waits
// for a streamer should stand at once.
import { useEffect, useState } from 'preact/hooks'
import type { Player } from '../player/player.tsx'

export type LoadedPlayer = typeof Player | 'failed' | undefined

export function usePlayer(): LoadedPlayer {
  const [player, setPlayer] = useState<{ readonly loaded: LoadedPlayer }>({ loaded: undefined })
  useEffect(() => {
    import('../player/player.tsx').then(
      (module) => setPlayer({ loaded: module.Player }),
      () => setPlayer({ loaded: 'failed' }),
    )
  }, [])
  return player.loaded
}
