import { inputError } from 'research-basics/errors';
import { chunksOf, type ByteSource } from './byteSource';
import { mpegCodec } from './codecs';
import { openCompressed } from './compressed';
import { cutShort } from './cutShort';
import type { Doubt } from './doubt';
import type { FfmpegInput } from './ffmpeg';
import { findFrames, walkFrames } from './mpegFrames';
import type { AudioSource } from './source';

/**
 * Opens a stream of MPEG frames (layers I to III). AAC in ADTS frames goes to FFmpeg, told where it begins.
 *
 * @param begin behind tags
 * @param end before tags
 * @returns a doubt for what the fast decoder does not decode rightly; undefined when there are no frames
 * @throws UserError (`input`) where the stream is damaged or changes its rate.
 */
export async function openFrames(
  source: ByteSource,
  begin: number,
  end: number,
): Promise<AudioSource | Doubt | FfmpegInput | undefined> {
  const { file } = source;
  const start = findFrames(source, begin, end);
  const walk = start === undefined ? undefined : walkFrames(source, start, end);
  if (start === undefined || walk === undefined) return undefined;
  const { first, frames, declaredFrames, stop } = walk;
  const name = first.kind === 'adts' ? 'AAC' : 'MPEG audio';
  const warnings: string[] = [];
  if (start > begin) warnings.push(`${start - begin} bytes before its first whole frame are left out`);
  if (stop?.kind === 'damaged')
    throw inputError(
      `${file}: ${name} data are damaged after about ${stop.seconds.toFixed(1)} s; copy the file again`,
    );
  if (stop?.kind === 'changed')
    throw inputError(
      `${file}: ${name} stream changes from ${first.sampleRate} Hz to ${stop.next!.sampleRate} Hz after ` +
        `${stop.seconds.toFixed(1)} s; split it`,
    );
  if (stop?.kind === 'ended' && (stop.left ?? 0) > 4096)
    warnings.push(`${stop.left} bytes after its last frame are left out`);
  const samples = frames * first.samples;
  // The information frame is not counted in what it declares.
  if (declaredFrames !== undefined && frames - 1 < declaredFrames)
    warnings.push(cutShort(samples - first.samples, declaredFrames * first.samples, first.sampleRate));
  else if (stop?.kind === 'cut')
    warnings.push(
      `it ends within a frame after ${stop.seconds.toFixed(1)} s, so it is truncated; the part that could be read is used`,
    );
  if (first.kind === 'adts') return { doubt: 'is AAC in ADTS frames', begin: start, format: 'aac', warnings };
  if (walk.changesChannels) return { doubt: 'is MPEG audio whose channels change', begin: start, warnings };
  if (declaredFrames !== undefined && frames - 1 > declaredFrames)
    warnings.push(`it holds ${frames - 1} frames where its information frame declares ${declaredFrames}`);
  const part = {
    codec: mpegCodec(),
    bytes: () => chunksOf(source, start, end),
    channels: first.channels,
  };
  return openCompressed(source, [part], warnings);
}
