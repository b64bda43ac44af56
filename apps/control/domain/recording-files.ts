// The names of a recording's files beside its segments: the same in every storage and in every URL.

export const VOD_PLAYLIST = 'index.m3u8'
export const MP4 = 'recording.mp4'
export const POSTER = 'poster.jpg'
