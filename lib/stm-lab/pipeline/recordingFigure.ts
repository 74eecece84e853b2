import { readAudio } from '../audio';
import { inputError } from 'research-basics/errors';
import { cochleagram, extractStm } from '../features';
import { recordingFigure, type FigureSpec } from '../figures';

const FRAME_RATE_HZ = 125;
const EXCERPT_SECONDS = 4;

/** Which recording to draw, and how. */
export interface DrawRecordingOptions {
  readonly file: string;
  /** Where the drawn excerpt begins, and the analysis; default 0. */
  readonly startSeconds?: number | undefined;
  readonly channels?: 'published' | 'paper' | undefined;
  /** Longest pause of an excerpt, seconds; default 1. */
  readonly maxSilenceSeconds?: number | undefined;
  readonly title?: string | undefined;
  readonly note?: string | undefined;
}

/**
 * A recording on its way to features: waveform and cochleagram of one excerpt (4 s), modulation spectrum
 * and features of the whole recording.
 *
 * @throws UserError (`input`) naming the file when it cannot be read or no excerpt is accepted.
 */
export async function drawRecording(options: DrawRecordingOptions): Promise<FigureSpec> {
  const { file, startSeconds = 0, channels = 'published', maxSilenceSeconds } = options;
  const { samples, sampleRate } = await readAudio(file);
  const first = Math.round(startSeconds * sampleRate);
  if (samples.length - first < EXCERPT_SECONDS * sampleRate) {
    throw inputError(
      `${file}: has ${(samples.length / sampleRate).toFixed(1)} s; an excerpt of 4 s from ${startSeconds} s on does not fit`,
    );
  }
  const stm = await extractStm(samples, sampleRate, {
    channels,
    startSeconds,
    ...(maxSilenceSeconds === undefined ? {} : { maxSilenceSeconds }),
  });
  const image = await cochleagram(samples, sampleRate, { channels, startSeconds });
  return recordingFigure({
    waveform: samples.subarray(first, first + EXCERPT_SECONDS * sampleRate),
    sampleRateHz: sampleRate,
    spectrogramDb: image.values,
    centreHz: image.channelHz,
    frameRateHz: FRAME_RATE_HZ,
    modulation: { magnitude: stm.modulation, axes: stm.axes },
    features: stm.features,
    axes: stm.axes,
    title: options.title,
    note: options.note,
  });
}
