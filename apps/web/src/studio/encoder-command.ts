// The ffmpeg command that publishes a file with the recommended settings: H.264, AAC, a keyframe every 2 s.

/** The URL is quoted for a POSIX shell, so nothing in it is taken for shell syntax. */
export function ffmpegCommand(ingestUrl: string, key: string): string {
  return [
    'ffmpeg -re -i input.mp4',
    '-c:v libx264 -preset veryfast -pix_fmt yuv420p -b:v 3000k -maxrate 3000k -bufsize 6000k',
    `-force_key_frames 'expr:gte(t,n_forced*2)'`,
    '-c:a aac -b:a 128k -ar 44100',
    `-f flv ${shellQuote(`${ingestUrl.replace(/\/+$/, '')}/${key}`)}`,
  ].join(' ')
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
