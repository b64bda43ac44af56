// The type of an imported SVG file: Vite turns it into a URL with a content hash in its name.
declare module '*.svg' {
  const url: string
  export default url
}
