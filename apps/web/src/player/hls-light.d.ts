// hls.js without what nginx-rtmp never sends (DRM, alternate audio, subtitles as segments): 65 kB
// less. Its package has types for the full build only; what the page uses is the same in both.
declare module 'hls.js/light' {
  export * from 'hls.js'
  export { default } from 'hls.js'
}
