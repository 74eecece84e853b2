export { openWithFfmpeg, type FfmpegInput } from './decode';
export { FFMPEG_CURE, findFfmpeg, type Ffmpeg } from './locate';
