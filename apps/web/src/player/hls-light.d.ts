// Types for hls.js's light build, which is 65 kB smaller: it lacks DRM, alternate audio and subtitle
// segments, none of which nginx-rtmp sends. The package has types for the full build only; the parts that
// the page uses are the same in both.
declare module 'hls.js/light' {
  export * from 'hls.js'
  export { default } from 'hls.js'
}
