import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { findFfmpeg } from 'stm-lab/dist/audio/ffmpeg';

/** Formats to encode a short chord in: file name and FFmpeg's options. */
export const ENCODINGS: Readonly<Record<string, string>> = {
  'a.wav': '',
  'float.wav': '-c:a pcm_f32le -ac 2',
  'alaw.wav': '-c:a pcm_alaw',
  'adpcm.wav': '-c:a adpcm_ima_wav',
  'ms.wav': '-c:a adpcm_ms',
  'mp3.wav': '-c:a libmp3lame',
  'wide.wav': '-c:a pcm_s24le -ac 4',
  'rf64.wav': '-rf64 always',
  'a.w64': '',
  'a.aiff': '',
  'float.aiff': '-c:a pcm_f32be',
  'a.caf': '',
  'a.au': '',
  'a.flac': '',
  '24.flac': '-sample_fmt s32 -ac 2',
  'a.oga': '-c:a flac',
  'a.ogg': '-c:a libvorbis',
  'a.opus': '-ac 2',
  'a.mp3': '',
  'stereo.mp3': '-ac 2 -q:a 4',
  'a.mp2': '',
  'a.ac3': '',
  'a.aac': '',
  'a.m4a': '',
  'front.m4a': '-movflags +faststart',
  'alac.m4a': '-c:a alac',
  'fragments.mp4': '-c:a aac -movflags frag_keyframe+empty_moov+default_base_moof',
  'a.mov': '-c:a aac',
  'a.wma': '',
  'a.mka': '-c:a flac',
  'a.webm': '-c:a libopus',
  'a.amr': '-ar 8000 -c:a libopencore_amrnb',
  'a.wv': '',
  'a.tta': '',
  'a.ts': '-c:a aac',
  'a.avi': '-c:a libmp3lame',
};

/** Seconds of sound in every file. */
export const SECONDS = 3;

/** Writes a file for each of some names into a folder; FFmpeg takes them from options. */
export async function encodeFiles(
  folder: string,
  encodings: Readonly<Record<string, string>> = ENCODINGS,
  sound = `aevalsrc=0.3*sin(2*PI*440*t)+0.1*sin(2*PI*1320*t)*sin(2*PI*3*t):d=${SECONDS}:s=22050`,
): Promise<Map<string, string>> {
  const ffmpeg = await findFfmpeg();
  if (ffmpeg === undefined) throw new Error('FFmpeg is missing');
  const files = new Map<string, string>();
  for (const [name, options] of Object.entries(encodings)) {
    const file = path.join(folder, name);
    const args = ['-v', 'error', '-nostdin', '-bitexact', '-f', 'lavfi', '-i', sound];
    const { status, stderr } = spawnSync(
      ffmpeg.program,
      [...args, ...options.split(' ').filter((word) => word !== ''), '-y', file],
      { encoding: 'utf8' },
    );
    // A build may lack an encoder, which the decoder does not need.
    if (status === 0) files.set(name, file);
    else if (!/Unknown encoder/.test(stderr)) throw new Error(`${name}: ${stderr}`);
    else fs.rmSync(file, { force: true });
  }
  return files;
}
