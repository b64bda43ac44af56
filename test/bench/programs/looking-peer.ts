// The simplest way to know what goes on in a folder of streams: a look at every playlist once a second.
import { stat } from 'node:fs/promises'
import { serve } from './serve.ts'

const LOOK_MS = 1_000

let playlists: readonly string[] = []

setInterval(() => {
  for (const playlist of playlists) stat(playlist).catch(() => undefined)
}, LOOK_MS)

const calls = {
  look(paths: readonly string[]): void {
    playlists = paths
  },
}

export type LookingPeer = typeof calls
serve(calls)
