import { besselI0, lowPassAt, LOW_PASS_ZEROS } from '../../audio/resample';
import { EXCERPT_SECONDS } from '../excerpts';
import { smoothMultiple } from '../kernels/pffft';
import { ANALYSIS_RATE, FRAMES } from './axes';
import type { FilterBank } from './filterBank';

/** Samples of an excerpt at the analysis rate. */
export const EXCERPT_SAMPLES = EXCERPT_SECONDS * ANALYSIS_RATE;
/** Samples at the analysis rate between two frames. */
export const FRAME_STEP = EXCERPT_SAMPLES / FRAMES;
/** Half width of a channel's window in the frequency domain, in standard deviations: what lies beyond is < 3e-7. */
const WINDOW_SIGMAS = 5.5;
/** Envelope samples per second, in standard deviations of the channel's window. */
const RATE_SIGMAS = 23;
/** Fewest envelope samples per frame, so that the low-pass filter itself is well sampled. */
const LEAST_PER_FRAME = 16;
/** Taps on either side that interpolate the analytic signal near the ends, and how far beyond them they reach. */
export const HALO = 8;
/** Envelope samples from an end over which full rate gives way to the reduced rate. */
const BLEND = 10;

/** How one channel's envelope is computed at a reduced rate. */
export interface ChannelPlan {
  /** First spectral bin of the window (a multiple of 4), and its weights, a multiple of 4 of them. */
  readonly firstBin: number;
  readonly weights: Float32Array;
  /** Where the first bin goes in the transform that brings the channel's centre to 0 Hz: minus a quarter of its length or more. */
  readonly position: number;
  readonly grid: EnvelopeGrid;
}

/** A sampling of the envelope: `perFrame` samples for each of the 500 frames. */
export interface EnvelopeGrid {
  /** Multiple of 4, without prime factors above 5. */
  readonly perFrame: number;
  /** Samples of an excerpt, 500 * perFrame. */
  readonly length: number;
  /** Samples at the analysis rate between two samples. */
  readonly spacing: number;
  /**
   * Low-pass filter for frames whose support lies inside the excerpt: 20 * perFrame + 16 taps, the first one for the
   * sample 10 * perFrame + 8 before the frame.
   */
  readonly filter: Float32Array;
  /** How the frames near the beginning and the end are made. */
  readonly ends: readonly [EndPlan, EndPlan];
}

/**
 * One end of the excerpt. There the filter's support is cut off, and a reduced rate cannot say what the full-rate sum
 * would be up to the cut; so the first samples are interpolated to full rate, blending into the reduced rate.
 */
export interface EndPlan {
  /** Full-rate samples. */
  readonly count: number;
  /** For each of them, the index of the first envelope sample it is interpolated from. */
  readonly starts: Int32Array;
  /** For each of them, 16 interpolation weights. */
  readonly interpolation: Float32Array;
  readonly frames: readonly EndFrame[];
}

/** The weights that make one frame near an end. */
export interface EndFrame {
  readonly frame: number;
  /** Of the full-rate samples, padded to a multiple of 4. */
  readonly fine: Float32Array;
  /** Of the envelope samples from `firstSample`, a multiple of 4 of them. */
  readonly coarse: Float32Array;
  readonly firstSample: number;
}

/** Frames at either end whose filter reaches beyond the excerpt. */
export const END_FRAMES = LOW_PASS_ZEROS;

function perFrameFor(sigmaHz: number): number {
  const wanted = Math.max(LEAST_PER_FRAME, (RATE_SIGMAS * sigmaHz * EXCERPT_SECONDS) / FRAMES);
  return Math.min(smoothMultiple(4, wanted), FRAME_STEP);
}

/** 0 up to the end of the excerpt, 1 from `BLEND` envelope samples on, all derivatives continuous. */
function blend(samplesFromEnd: number): number {
  const t = samplesFromEnd / BLEND;
  if (t <= 0) return 0;
  if (t >= 1) return 1;
  return 1 / (1 + Math.exp(1 / t - 1 / (1 - t)));
}

/** Window of the interpolation: what it lets through of a signal's images is below 1e-5. */
const INTERPOLATION_BETA = 10;

/** Weights of the 16 samples around a position (samples from `start`), which keep a constant exactly. */
function interpolationWeights(position: number, start: number): number[] {
  const weights = Array.from({ length: 2 * HALO }, (_, j) => {
    const distance = position - start - j;
    const edge = distance / HALO;
    if (Math.abs(edge) >= 1) return 0;
    const sinc = distance === 0 ? 1 : Math.sin(Math.PI * distance) / (Math.PI * distance);
    return sinc * besselI0(INTERPOLATION_BETA * Math.sqrt(1 - edge * edge));
  });
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** The full-rate low-pass filter, from -1,280 to 1,280 samples. */
const HALF_SUPPORT = LOW_PASS_ZEROS * FRAME_STEP;
const LOW_PASS = Float64Array.from({ length: 2 * HALF_SUPPORT + 1 }, (_, i) =>
  lowPassAt(i - HALF_SUPPORT, FRAME_STEP),
);

/** For each full-rate position within a frame: the first envelope sample it is interpolated from, and the weights. */
type Interpolator = readonly { readonly start: number; readonly weights: readonly number[] }[];

function createInterpolator(perFrame: number): Interpolator {
  return Array.from({ length: FRAME_STEP }, (_, k) => {
    const position = (k * perFrame) / FRAME_STEP;
    const start = Math.floor(position) - HALO + 1;
    return { start, weights: interpolationWeights(position, start) };
  });
}

/**
 * Weights that give a frame from envelope samples at the reduced rate: interpolation to full rate and the full-rate
 * filter in one. (Sampling the filter itself would let its side lobes fold, which shows in quiet moments between
 * loud ones.)
 *
 * @param share part of each full-rate sample that is taken, 0 ... 1
 * @returns weights of the samples from `perFrame * (frame - 10) - 8` on.
 */
function frameWeights(
  frame: number,
  perFrame: number,
  interpolator: Interpolator,
  share: (fullRateSample: number) => number,
): Float32Array {
  const weights = new Float64Array(2 * (LOW_PASS_ZEROS * perFrame + HALO));
  const origin = perFrame * (frame - LOW_PASS_ZEROS) - HALO;
  for (let i = 0; i < 2 * HALF_SUPPORT; i++) {
    const sample = frame * FRAME_STEP - HALF_SUPPORT + i;
    const part = LOW_PASS[i]! * share(sample);
    if (part === 0) continue;
    const whole = Math.floor(sample / FRAME_STEP);
    const { start, weights: near } = interpolator[sample - whole * FRAME_STEP]!;
    const target = whole * perFrame + start - origin;
    for (let j = 0; j < near.length; j++) if (target + j >= 0) weights[target + j]! += part * near[j]!;
  }
  return Float32Array.from(weights);
}

function planEnd(end: 'beginning' | 'end', perFrame: number, interpolator: Interpolator): EndPlan {
  const spacing = FRAME_STEP / perFrame;
  const count = Math.ceil(BLEND * spacing);
  const firstFine = end === 'beginning' ? 0 : EXCERPT_SAMPLES - count;
  const starts = new Int32Array(count);
  const interpolation = new Float32Array(count * 2 * HALO);
  for (let k = 0; k < count; k++) {
    const position = (firstFine + k) / spacing;
    const start = Math.floor(position) - HALO + 1;
    starts[k] = start;
    interpolation.set(interpolationWeights(position, start), k * 2 * HALO);
  }
  const share = (sample: number): number =>
    blend((end === 'beginning' ? sample : EXCERPT_SAMPLES - sample) / spacing);
  const frames = Array.from({ length: END_FRAMES }, (_, i): EndFrame => {
    const frame = end === 'beginning' ? i : FRAMES - END_FRAMES + i;
    const all = frameWeights(frame, perFrame, interpolator, share);
    // Beyond the ends the weights are zero: keep what lies within reach of the excerpt.
    const origin = perFrame * (frame - LOW_PASS_ZEROS) - HALO;
    const from = Math.max(0, -HALO - origin);
    const to = Math.min(all.length, FRAMES * perFrame + HALO - origin);
    return {
      frame,
      firstSample: origin + from,
      coarse: all.slice(from, to),
      fine: Float32Array.from({ length: 4 * Math.ceil(count / 4) }, (_w, k) => {
        const sample = firstFine + k;
        const tap = LOW_PASS[sample - frame * FRAME_STEP + HALF_SUPPORT] ?? 0;
        return k < count ? tap * (1 - share(sample)) : 0;
      }),
    };
  });
  return { count, starts, interpolation, frames };
}

function createGrid(perFrame: number): EnvelopeGrid {
  const interpolator = createInterpolator(perFrame);
  return {
    perFrame,
    length: FRAMES * perFrame,
    spacing: FRAME_STEP / perFrame,
    filter: frameWeights(LOW_PASS_ZEROS, perFrame, interpolator, () => 1),
    ends: [planEnd('beginning', perFrame, interpolator), planEnd('end', perFrame, interpolator)],
  };
}

/**
 * Plans every channel: a Gaussian window of one-sided doubled bins (the DC bin halved) over the excerpt's 64,000-point
 * spectrum, scaled for an unnormalised backward transform, and an envelope grid fine enough for its bandwidth.
 */
export function planChannels(bank: FilterBank): ChannelPlan[] {
  const grids = new Map<number, EnvelopeGrid>();
  const lastBin = EXCERPT_SAMPLES / 2;
  return Array.from(bank.sigmaHz, (sigmaHz, channel) => {
    const perFrame = perFrameFor(sigmaHz);
    let grid = grids.get(perFrame);
    if (grid === undefined) grids.set(perFrame, (grid = createGrid(perFrame)));
    const mean = bank.peakHz[channel]! * EXCERPT_SECONDS;
    const sigma = sigmaHz * EXCERPT_SECONDS;
    const centre = 4 * Math.round(mean / 4);
    // The transform takes no more than half of its bins, which reach beyond the window except for rounding.
    const half = grid.length / 4;
    const firstBin = Math.max(0, centre - half, 4 * Math.floor((mean - WINDOW_SIGMAS * sigma) / 4));
    const end = Math.min(lastBin + 1, centre + half, Math.ceil(mean + WINDOW_SIGMAS * sigma));
    const weights = Float32Array.from({ length: 4 * Math.ceil((end - firstBin) / 4) }, (_, i) => {
      const bin = firstBin + i;
      if (bin > lastBin) return 0;
      return ((bin === 0 ? 1 : 2) * Math.exp(-0.5 * ((bin - mean) / sigma) ** 2)) / EXCERPT_SAMPLES;
    });
    return { firstBin, weights, position: firstBin - centre, grid };
  });
}
