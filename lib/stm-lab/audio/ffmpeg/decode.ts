import { spawn, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { environmentError, fileError, inputError, messageOf } from 'research-basics/errors';
import { cutShort } from '../cutShort';
import { createDownmix } from '../downmix';
import { createDeinterleaver } from '../pcm';
import type { AudioSource } from '../source';
import { readFrameList, type FrameList, type Gap } from './frameList';
import { FFMPEG_CURE, findFfmpeg, type Ffmpeg } from './locate';
import { readFfmpegLog, type FfmpegLog } from './log';

/** What FFmpeg is given about a recording. */
export interface FfmpegInput {
  /** Why FFmpeg is asked: the middle of a sentence, e.g. `is WAV with encoding 2`. */
  readonly doubt: string;
  /** First byte of the sound, behind tags or junk. Default 0. */
  readonly begin?: number | undefined;
  /** FFmpeg's name of the format, where its own search may err. */
  readonly format?: string | undefined;
  /** What is known to be noteworthy. */
  readonly warnings?: readonly string[] | undefined;
  /** Bytes by which the file is shorter than its header declares. Default 0. */
  readonly missingBytes?: number | undefined;
}

/** Containers of sound. Play lists, subtitles, images and devices are left out. */
const FORMATS =
  'aac,ac3,aea,aiff,amr,amrnb,amrwb,ape,apm,asf,ast,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,gsm,iff,ircam,iss,' +
  'loas,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,nistsphere,nut,oga,ogg,oma,pvf,rm,sds,shn,' +
  'smjpeg,sox,tak,tta,voc,vqf,w64,wav,wsd,wv,xwma';

/** FFmpeg takes memory for an index in one piece; more than this is a damaged header. */
const LARGEST_ALLOCATION = 1 << 30;

/** FFmpeg that gives nothing for this long is stopped. */
const HANG_MS = 90_000;

/** Time that a complaint may take to arrive behind the frame that it precedes. */
const SETTLE_MS = 40;

/** Lengths may differ by a codec's delay and the rounding of a declared time, seconds. */
const LENGTH_TOLERANCE = 0.15;

function commandLine(file: string, { begin = 0, format }: FfmpegInput): string[] {
  const output = ['-map', '0:a:0', '-map_metadata', '-1', '-c:a', 'pcm_f32le'];
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-v', 'level+info', '-max_alloc', String(LARGEST_ALLOCATION)],
    ...['-format_whitelist', FORMATS, '-protocol_whitelist', 'file'],
    ...(begin > 0 ? ['-skip_initial_bytes', String(begin)] : []),
    ...(format === undefined ? [] : ['-f', format]),
    ...['-vn', '-sn', '-dn', '-i', `file:${file}`],
    ...[...output, '-f', 'f32le', 'pipe:1'],
    ...[...output, '-flush_packets', '1', '-f', 'framecrc', 'pipe:3'],
  ];
}

/** How the program ended. */
interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

interface Running {
  readonly child: ChildProcess;
  readonly log: FfmpegLog;
  readonly frames: FrameList;
  readonly ended: Promise<Ending>;
  stop(): void;
}

function start({ program }: Ffmpeg, file: string, input: FfmpegInput): Running {
  const child = spawn(program, commandLine(file, input), { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const log = readFfmpegLog();
  const frames = readFrameList();
  const ended = new Promise<Ending>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  }).then((ending) => {
    frames.finish();
    return ending;
  });
  const listen = (stream: Readable | null, push: (text: string) => void): void => {
    stream?.setEncoding('latin1').on('data', push);
    stream?.on('error', () => undefined);
  };
  listen(child.stderr, log.push);
  listen(child.stdio[3] as Readable, frames.push);
  child.stdout?.on('error', () => undefined);
  return { child, log, frames, ended, stop: () => child.kill('SIGKILL') };
}

/** Waits, but not for ever for a program that hangs. */
async function orHang<T>(work: Promise<T>, file: string, stop: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      stop();
      reject(environmentError(`${file}: FFmpeg made no progress for ${HANG_MS / 1000} s; try again`));
    }, HANG_MS);
  });
  try {
    return await Promise.race([work, hang]);
  } finally {
    clearTimeout(timer);
  }
}

/** The system's trouble in FFmpeg's words. */
const SYSTEM_TROUBLE =
  /Input\/output error|Stale file handle|Too many open files|Cannot allocate memory|No such file|Permission denied|Resource temporarily unavailable|Connection timed out/;

/** Bytes read at a time to see whether a file can be read. */
const PROBE_BYTES = 1 << 20;

/** FFmpeg calls damage an input error, too: whether the system reads the file, all of it, tells which it was. */
function checkReadable(file: string): void {
  try {
    const handle = fs.openSync(file, 'r');
    try {
      const block = Buffer.allocUnsafe(PROBE_BYTES);
      while (fs.readSync(handle, block, 0, block.length, null) > 0);
    } finally {
      fs.closeSync(handle);
    }
  } catch (error) {
    throw fileError(file, error);
  }
}

/** Throws for what is not the fault of the file's bytes. */
function checkEnvironment(file: string, { program }: Ffmpeg, log: FfmpegLog, ending: Ending): void {
  if (ending.error !== undefined)
    throw environmentError(
      `${file}: FFmpeg (${program}) could not be started (${messageOf(ending.error)}); try again with fewer workers`,
      ending.error,
    );
  if (ending.signal !== null && !['SIGSEGV', 'SIGABRT', 'SIGFPE', 'SIGBUS'].includes(ending.signal))
    throw environmentError(`${file}: FFmpeg was ended by ${ending.signal}; try again with fewer workers`);
  const trouble = log.errors.find((line) => SYSTEM_TROUBLE.test(line));
  if (trouble === undefined) return;
  checkReadable(file);
  if (/Cannot allocate memory/.test(trouble)) return;
  if (/Too many open files|Resource temporarily/.test(trouble))
    throw environmentError(`${file}: FFmpeg says "${trouble}"; try again with fewer workers`);
}

/**
 * Opens a recording with FFmpeg, a child process that streams samples to this one: memory does not grow with the
 * recording's length.
 *
 * @throws UserError: `environment` when FFmpeg is missing or the system fails it, `input` when it finds no sound; the
 *   stream throws `input` where data are damaged.
 */
export async function openWithFfmpeg(file: string, input: FfmpegInput): Promise<AudioSource> {
  const { doubt } = input;
  const ffmpeg = await findFfmpeg();
  if (ffmpeg === undefined)
    throw environmentError(
      `${file}: ${doubt}, which takes FFmpeg to read, and none was found; ${FFMPEG_CURE}`,
    );
  const running = start(ffmpeg, file, input);
  const { log, frames, ended, stop } = running;
  try {
    await orHang(frames.reaches(1), file, stop);
    if (frames.samples === 0) {
      const ending = await ended;
      checkEnvironment(file, ffmpeg, log, ending);
      const reason = ending.signal ?? log.errors.at(-1)?.replace(/^.*: /, '') ?? 'no sound in it';
      throw inputError(
        `${file}: ${doubt}, and FFmpeg ${ffmpeg.version} finds no sound in it (${reason}); ` +
          'copy the file again, or convert it to WAV or FLAC',
      );
    }
  } catch (error) {
    stop();
    throw error;
  }
  const { sampleRate, channels } = frames;
  const warnings = [...(input.warnings ?? [])];
  if (log.audioStreams > 1)
    warnings.push(`it holds ${log.audioStreams} streams of sound; the first one is used`);
  return {
    sampleRate,
    channels,
    decoder: `ffmpeg ${ffmpeg.version}`,
    warnings,
    blocks: () => streamBlocks(file, ffmpeg, running, { warnings, missingBytes: input.missingBytes ?? 0 }),
    close: stop,
  };
}

/** Bytes handed on at a time; blocks of one size make results independent of how a pipe cuts its data. */
const BLOCK_BYTES = 1 << 18;

async function* evenBlocks(
  stream: Readable,
  frameBytes: number,
  next: <T>(work: Promise<T>) => Promise<T>,
): AsyncGenerator<Buffer> {
  const wanted = Math.max(1, Math.floor(BLOCK_BYTES / frameBytes)) * frameBytes;
  const output = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let held: Buffer[] = [];
  let length = 0;
  for (;;) {
    const piece = await next(output.next());
    if (piece.done === true) break;
    held.push(piece.value);
    length += piece.value.length;
    if (length < wanted) continue;
    const bytes = Buffer.concat(held);
    let from = 0;
    for (; from + wanted <= length; from += wanted) yield bytes.subarray(from, from + wanted);
    held = [bytes.subarray(from)];
    length -= from;
  }
  if (length > 0) yield Buffer.concat(held);
}

async function* streamBlocks(
  file: string,
  ffmpeg: Ffmpeg,
  { child, log, frames, ended, stop }: Running,
  { warnings, missingBytes }: { readonly warnings: string[]; readonly missingBytes: number },
): AsyncGenerator<Float32Array> {
  const { sampleRate, channels } = frames;
  const seconds = (samples: number): string => (samples / sampleRate).toFixed(1);
  const downmix = createDownmix(file, (sentence) => warnings.push(sentence));
  const damaged = (at: number): never => {
    throw inputError(
      `${file}: its data are damaged after about ${seconds(at)} s (${log.errors[0]}); copy the file again`,
    );
  };
  let gapsSeen = 0;
  /** A gap with a complaint is damage; without one the recorder left it. */
  const assess = async (gap: Gap): Promise<void> => {
    if (log.errorCount === 0) await delay(SETTLE_MS);
    if (log.errorCount > 0) damaged(gap.at);
    if (gapsSeen === 1)
      warnings.push(
        `its time stamps jump by ${(gap.missing / sampleRate).toFixed(2)} s after ${seconds(gap.at)} s; the parts are joined`,
      );
  };
  const frameBytes = 4 * channels;
  const format = { encoding: 'float', bits: 32, byteOrder: 'little', sampleRate, channels } as const;
  const deinterleave = createDeinterleaver(format);
  let done = 0;
  const output = child.stdout as Readable;
  const next = <T>(work: Promise<T>): Promise<T> => orHang(work, file, stop);
  try {
    for await (const bytes of evenBlocks(output, frameBytes, next)) {
      const count = Math.floor(bytes.length / frameBytes);
      // The list of frames tells whether what arrived is whole.
      await next(frames.reaches(done + count));
      const block = downmix.push(count, deinterleave(bytes));
      for (; gapsSeen < frames.gaps.length && frames.gaps[gapsSeen]!.at < done + count;) {
        const gap = frames.gaps[gapsSeen++]!;
        try {
          await assess(gap);
        } catch (error) {
          if (gap.at > done) yield block.subarray(0, gap.at - done);
          throw error;
        }
      }
      yield block;
      done += count;
    }
    const ending = await orHang(ended, file, stop);
    checkEnvironment(file, ffmpeg, log, ending);
    for (; gapsSeen < frames.gaps.length;) await assess(frames.gaps[gapsSeen++]!);
    if (ending.signal !== null) damaged(done);
    downmix.finish();
    const declared = log.declaredSeconds === undefined ? done : Math.round(log.declaredSeconds * sampleRate);
    const length = (samples: number): string => (samples / sampleRate).toFixed(2);
    if (declared - done > LENGTH_TOLERANCE * sampleRate) warnings.push(cutShort(done, declared, sampleRate));
    else if (missingBytes > 0)
      warnings.push(
        `it ends ${missingBytes} bytes before its declared end, so it is truncated; the part that could be read is used`,
      );
    else if (done - declared > LENGTH_TOLERANCE * sampleRate)
      warnings.push(`it holds ${length(done)} s where its header declares ${length(declared)} s`);
    else if (log.errorCount > 0 && warnings.length === 0)
      warnings.push(`FFmpeg reports errors in its data (${log.errors[0]})`);
  } finally {
    stop();
  }
}
