// How the page is built: static files that nginx serves for /, /watch/<id> and /studio.
import { preact } from '@preact/preset-vite'
import { defineConfig } from 'vite'

/** Where `vite dev` finds the rest of OnAir (`npm start`). */
const SERVICE = 'http://localhost:8080'

export default defineConfig({
  plugins: [preact()],
  build: {
    target: 'es2022',
    // Inlined files are data: URLs, which the Content-Security-Policy allows for images only.
    assetsInlineLimit: 0,
    // The player with hls.js; a test holds all of it together to 200 kB gzipped.
    chunkSizeWarningLimit: 600,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/v1': SERVICE, '/hls': SERVICE } },
})
