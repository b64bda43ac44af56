// What Vite makes of an imported picture: its address, with a hash of its content in the name.
declare module '*.svg' {
  const url: string
  export default url
}
