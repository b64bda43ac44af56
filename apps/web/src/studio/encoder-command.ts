// The ffmpeg command that publishes a file as a streamer's encoder should: H.264, AAC, a keyframe every 2 s.

/** In single quotes as a shell wants them: neither the key nor the server can end them. */
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
