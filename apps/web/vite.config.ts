// Builds the page: static files that nginx serves for /, /watch/<id> and /studio.
import { preact } from '@preact/preset-vite'
import { defineConfig } from 'vite'

/** Where `vite dev` finds the service and its streams, started with `npm start`. */
const SERVICE = 'http://localhost:8080'

export default defineConfig({
  plugins: [preact()],
  build: {
    target: 'es2022',
    // Vite inlines small files as data: URLs, which the Content-Security-Policy allows for images only.
    assetsInlineLimit: 0,
    // For the player with hls.js. A test limits all scripts together to 200 kB gzipped.
    chunkSizeWarningLimit: 600,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/v1': SERVICE, '/hls': SERVICE } },
})
