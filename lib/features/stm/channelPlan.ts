import { besselI0, lowPassAt, LOW_PASS_ZEROS } from '../../audio/resample';
import { EXCERPT_SECONDS } from '../excerpts';
import { ANALYSIS_RATE, FRAMES } from './axes';
import type { FilterBank } from './filterBank';

/** Samples of an excerpt at the analysis rate. */
export const EXCERPT_SAMPLES = EXCERPT_SECONDS * ANALYSIS_RATE;
/** Samples at the analysis rate between two frames. */
const FRAME_STEP = EXCERPT_SAMPLES / FRAMES;
/** Half width of a channel's window in the frequency domain, in standard deviations: what lies beyond is < 2e-8. */
const WINDOW_SIGMAS = 6;
/** Envelope samples per second, in standard deviations of the channel's window. */
const RATE_SIGMAS = 25;
/** Fewest envelope samples per frame, so that the low-pass filter itself is well sampled. */
const LEAST_PER_FRAME = 20;
/** Envelope samples beyond either end that the weights of the first and last frames reach. */
export const HALO = 8;

/** How one channel's envelope is computed at a reduced rate. */
export interface ChannelPlan {
  /** First spectral bin of the window (a multiple of 4), and its weights, a multiple of 4 of them. */
  readonly firstBin: number;
  readonly weights: Float32Array;
  /** Where the first bin goes in the transform that brings the channel's centre to 0 Hz. */
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
  /** Low-pass filter, 20 * perFrame taps, for frames whose support lies inside the excerpt. */
  readonly filter: Float32Array;
  /** Weights of the first and last frames, each with the index of its first sample (down to -8). */
  readonly edges: readonly EdgeFrame[];
}

/** The weights that make one frame near an end of the excerpt. */
export interface EdgeFrame {
  readonly frame: number;
  readonly firstSample: number;
  readonly weights: Float32Array;
}

/** Frames at either end whose filter reaches beyond the excerpt. */
export const EDGE_FRAMES = LOW_PASS_ZEROS;

function isSmooth(value: number): boolean {
  let rest = value;
  for (const prime of [2, 3, 5]) while (rest % prime === 0) rest /= prime;
  return rest === 1;
}

function perFrameFor(sigmaHz: number): number {
  const wanted = Math.max(LEAST_PER_FRAME, (RATE_SIGMAS * sigmaHz * EXCERPT_SECONDS) / FRAMES);
  let perFrame = 4 * Math.ceil(wanted / 4);
  while (!isSmooth(perFrame)) perFrame += 4;
  return Math.min(perFrame, FRAME_STEP);
}

/**
 * Weights of frames near the ends. There the full-rate filter sums over a cut-off support, so the reduced envelope is
 * interpolated (sinc, Kaiser window) to full rate first; both steps together are one set of weights.
 */
function edgeFrames(perFrame: number, length: number): EdgeFrame[] {
  const spacing = FRAME_STEP / perFrame;
  const interpolation = (distance: number): number => {
    const edge = distance / HALO;
    if (Math.abs(edge) >= 1) return 0;
    const sinc = distance === 0 ? 1 : Math.sin(Math.PI * distance) / (Math.PI * distance);
    return (sinc * besselI0(8 * Math.sqrt(1 - edge * edge))) / besselI0(8);
  };
  // Positions repeat after one frame, so a frame's worth of interpolation weights serves all.
  const table = Array.from({ length: FRAME_STEP }, (_, k) => {
    const position = k / spacing;
    const first = Math.floor(position) - HALO + 1;
    return {
      first,
      weights: Array.from({ length: 2 * HALO }, (_w, j) => interpolation(position - first - j)),
    };
  });
  const lowPass = Float64Array.from({ length: 2 * LOW_PASS_ZEROS * FRAME_STEP + 1 }, (_, i) =>
    lowPassAt(i - LOW_PASS_ZEROS * FRAME_STEP, FRAME_STEP),
  );
  const half = LOW_PASS_ZEROS * FRAME_STEP;
  const make = (frame: number): EdgeFrame => {
    const firstSample = Math.max(0, (frame - EDGE_FRAMES) * perFrame) - HALO;
    const lastSample = Math.min(length, (frame + EDGE_FRAMES) * perFrame) + HALO;
    const weights = new Float64Array(lastSample - firstSample);
    const to = Math.min(EXCERPT_SAMPLES - 1, frame * FRAME_STEP + half);
    for (let k = Math.max(0, frame * FRAME_STEP - half); k <= to; k++) {
      const tap = lowPass[k - frame * FRAME_STEP + half]!;
      const { first, weights: near } = table[k % FRAME_STEP]!;
      const begin = first + Math.floor(k / FRAME_STEP) * perFrame - firstSample;
      for (let j = 0; j < near.length; j++) {
        // Where a frame's support ends inside the excerpt, its taps are zero and may fall beyond.
        if (begin + j >= 0 && begin + j < weights.length) weights[begin + j]! += tap * near[j]!;
      }
    }
    return { frame, firstSample, weights: Float32Array.from(weights) };
  };
  const last = FRAMES - EDGE_FRAMES;
  return Array.from({ length: 2 * EDGE_FRAMES }, (_, i) =>
    make(i < EDGE_FRAMES ? i : last + i - EDGE_FRAMES),
  );
}

function createGrid(perFrame: number): EnvelopeGrid {
  const spacing = FRAME_STEP / perFrame;
  const half = LOW_PASS_ZEROS * perFrame;
  return {
    perFrame,
    length: FRAMES * perFrame,
    spacing,
    filter: Float32Array.from(
      { length: 2 * half },
      (_, j) => spacing * lowPassAt((j - half) * spacing, FRAME_STEP),
    ),
    edges: edgeFrames(perFrame, FRAMES * perFrame),
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
    const firstBin = Math.max(0, 4 * Math.floor((mean - WINDOW_SIGMAS * sigma) / 4));
    const end = Math.min(lastBin + 1, Math.ceil(mean + WINDOW_SIGMAS * sigma));
    const weights = Float32Array.from({ length: 4 * Math.ceil((end - firstBin) / 4) }, (_, i) => {
      const bin = firstBin + i;
      if (bin > lastBin) return 0;
      return ((bin === 0 ? 1 : 2) * Math.exp(-0.5 * ((bin - mean) / sigma) ** 2)) / EXCERPT_SAMPLES;
    });
    const offset = firstBin - 4 * Math.round(mean / 4);
    return { firstBin, weights, position: (offset + grid.length) % grid.length, grid };
  });
}
