import { LOW_PASS_ZEROS, lowPassAt } from '../audio/resample';
import type { FilterBank } from '../features/stm/filterBank';
import { smoothMultiple } from '../features/kernels/pffft';
import { FRAME_RATE } from '../features/stm/axes';
import { FRAME_STEP } from '../features/stm/channelPlan';

/** Half width of a channel's window in the frequency domain, in standard deviations. */
const WINDOW_SIGMAS = 4;
/**
 * Subband samples per second, in standard deviations of the channel's window. Coarser than the extraction's: the
 * iteration needs the envelope to about 1 %, and what it reached is measured with the extraction's own analysis.
 */
const RATE_SIGMAS = 8;
/** Fewest subband samples per frame. */
const LEAST_PER_FRAME = 4;

/** One channel's subband at a reduced rate. */
export interface SubbandPlan {
  /** First spectral bin of the window (a multiple of 4), and its weights, a multiple of 4 of them. */
  readonly firstBin: number;
  readonly weights: Float32Array;
  /** Where the first bin goes in the transform that brings the channel's centre to 0 Hz. */
  readonly position: number;
  /** Subband samples per frame, a multiple of 4 without prime factors above 5. */
  readonly perFrame: number;
}

/** How a block of sound is taken apart into subbands and put together again. */
export interface BlockPlan {
  /** Samples of the block at the analysis rate, frames * 128. */
  readonly samples: number;
  readonly channels: readonly SubbandPlan[];
  /** Low-pass filter of the envelope for each `perFrame` in use: 20 * perFrame + 4 taps, centred on the frame. */
  readonly filters: ReadonlyMap<number, Float32Array>;
  /** Per spectral bin, the factor that turns the sum of weighted subbands into the least-squares spectrum. */
  readonly inverse: Float32Array;
  /** Per spectral bin, the part that comes back when no subband is changed, 0 ... 1. */
  readonly carried: Float32Array;
}

/** Weights of the channels' windows below this part of their largest sum are bounded: there nothing is synthesised. */
const LEAST_COVERAGE = 1e-3;

/**
 * The shortest block that holds a number of frames: a multiple of 64 without prime factors above 5, as the transforms
 * need it.
 */
export function blockFramesFor(frames: number): number {
  return smoothMultiple(64, frames);
}

/**
 * Plans the subbands of a block: the channels of the extraction's filter bank (one-sided Gaussian windows, doubled) cut
 * off at 4 standard deviations, each at a rate that suits its bandwidth.
 *
 * @param frames see `blockFramesFor`
 */
export function planBlock(bank: FilterBank, frames: number): BlockPlan {
  const samples = frames * FRAME_STEP;
  const seconds = frames / FRAME_RATE;
  const lastBin = samples / 2;
  const coverage = new Float64Array(lastBin + 8);
  const filters = new Map<number, Float32Array>();
  const channels = Array.from(bank.sigmaHz, (sigmaHz, channel): SubbandPlan => {
    const perFrame = smoothMultiple(4, Math.max(LEAST_PER_FRAME, (RATE_SIGMAS * sigmaHz) / FRAME_RATE));
    if (!filters.has(perFrame)) filters.set(perFrame, envelopeFilter(perFrame));
    const mean = bank.peakHz[channel]! * seconds;
    const sigma = sigmaHz * seconds;
    const firstBin = Math.max(0, 4 * Math.floor((mean - WINDOW_SIGMAS * sigma) / 4));
    const end = Math.min(lastBin, Math.ceil(mean + WINDOW_SIGMAS * sigma));
    const weights = Float32Array.from({ length: 4 * Math.ceil((end - firstBin) / 4) }, (_, i) =>
      firstBin + i >= lastBin ? 0 : (2 * Math.exp(-0.5 * ((firstBin + i - mean) / sigma) ** 2)) / samples,
    );
    weights.forEach((weight, i) => (coverage[firstBin + i]! += weight * weight));
    const length = frames * perFrame;
    const offset = firstBin - 4 * Math.round(mean / 4);
    return { firstBin, weights, position: (offset + length) % length, perFrame };
  });
  const least = LEAST_COVERAGE * coverage.reduce((a, b) => Math.max(a, b));
  const inverse = Float32Array.from(coverage.subarray(0, lastBin + 1), (sum) => 1 / Math.max(sum, least));
  const carried = inverse.map((factor, k) => factor * coverage[k]!);
  return { samples, channels, filters, inverse, carried };
}

/** The extraction's low-pass filter to 125 frames per second, sampled at the subband's rate. */
function envelopeFilter(perFrame: number): Float32Array {
  const half = LOW_PASS_ZEROS * perFrame;
  return Float32Array.from({ length: 2 * half + 4 }, (_, i) =>
    i > 2 * half ? 0 : lowPassAt(i - half, perFrame),
  );
}
