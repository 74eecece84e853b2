import type { FilterBank } from '../features/stm/filterBank';
import type { ModulationPlane } from './plane';
import { createModulationPlane } from './plane';
import type { ModulationGain } from './region';
import { rememberLast } from './rememberLast';
import { createSubbands, type Subbands, type SynthesisKernels } from './subbands';

/**
 * Part of the last step that is taken once more (accelerated projections): of a filter, whose steps on fine scales are long, and
 * of a reconstruction, which has further to go.
 */
export const MOMENTUM = { filter: 0.8, reconstruction: 0.9 } as const;
/** The part of the plane that is published, with room for leakage: Hz and cyc/oct. */
const PUBLISHED = { rateHz: 15.5, scaleCycPerOct: 7.3 } as const;
/**
 * How much of the error a step corrects where the modulations are to be reached: of those published, and of those far
 * outside. Rates above 15 Hz are beats of neighbouring components: they resist, and correcting them fully keeps the slower
 * ones from converging.
 */
const REACHED = { published: 1, far: 0.1 } as const;
/** And of what a filter keeps: it is there from the start, and what has to go converges better when it is held less firmly. */
const KEPT = { published: 0.5, far: 0.05 } as const;
/** Overlapping filters average a change of fine scale, so that it takes a longer step: the factor grows from 1 to 2 (cyc/oct). */
const LONGER_STEPS = { from: 2, to: 4, factor: 2 } as const;
/**
 * Where the finest scales are to go, the levels at both ends of the channels, which are neighbours on the circle of
 * the transform, have to meet: the kept scales give way, the coarse ones least (cyc/oct; the part corrected at `to`).
 */
const GIVES_WAY = { from: 0.5, to: 2, published: 0.05 } as const;
/** Largest change of level in one step, dB. */
const LARGEST_RISE = 20;
const LARGEST_FALL = 40;

/** What became of one block. */
export interface FilteredBlock {
  /** At 16 kHz, as long as the block. */
  readonly samples: Float32Array;
  /** dB above 1e-4, channels x frames: the block's own, what was asked for (may be negative), what was reached. */
  readonly before: Float32Array;
  readonly target: Float32Array;
  readonly after: Float32Array;
}

/** Filters blocks of one length. */
export interface BlockFilter {
  /**
   * The block with its modulations filtered.
   *
   * @param block at 16 kHz, scaled to a root mean square of about 0.1
   * @param carrier what the envelopes are imposed on, the same length: the block itself keeps pitch; noise leaves
   *   nothing but the envelopes
   */
  filter(block: Float32Array, carrier: Float32Array): FilteredBlock;
  /** The part of a block that lies outside the filter bank's channels. */
  outOfBand(block: Float32Array): Float32Array;
}

/** What filters of blocks of one length share, whatever they keep. */
export interface BlockWorkspace {
  readonly subbands: Subbands;
  readonly plane: ModulationPlane;
  /** A block's spectrum inside the channels, its cochleagram (dB) and the transform of that; remembered for other regions. */
  readonly take: (block: Float32Array) => {
    readonly spectrum: Float32Array;
    readonly level: Float32Array;
    readonly modulations: Float32Array;
  };
}

/** Prepares the work on blocks of `frames` frames (see `blockFramesFor`). */
export function createBlockWorkspace(
  kernels: SynthesisKernels,
  bank: FilterBank,
  frames: number,
): BlockWorkspace {
  const subbands = createSubbands(kernels, bank, frames);
  const plane = createModulationPlane(kernels.fft, bank, frames);
  return {
    subbands,
    plane,
    take: rememberLast((block) => {
      const spectrum = inBand(subbands, block);
      const level = subbands.analyse(spectrum).slice();
      return { spectrum, level, modulations: plane.transform(level) };
    }),
  };
}

/**
 * How much of each modulation's error a step corrects.
 *
 * @param gain of a filter whose block starts with all of its modulations; absent where they have to be built up
 */
export function stepWeights(plane: ModulationPlane, gain?: ModulationGain): Float32Array {
  return plane.tabulate((rate, scale) => {
    const far = Math.abs(rate) > PUBLISHED.rateHz || scale > PUBLISHED.scaleCycPerOct;
    if (gain === undefined) return far ? REACHED.far : REACHED.published;
    if (far) return KEPT.far;
    if (gain(rate, scale) < 0.5)
      return REACHED.published + (LONGER_STEPS.factor - 1) * between(scale, LONGER_STEPS);
    if (gain(rate, PUBLISHED.scaleCycPerOct) >= 0.5) return KEPT.published;
    return KEPT.published * (GIVES_WAY.published / KEPT.published) ** between(scale, GIVES_WAY);
  });
}

/** Where a value lies between two others: 0 up to `from`, 1 from `to` on. */
function between(value: number, { from, to }: { readonly from: number; readonly to: number }): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}

/** Prepares a filter of a workspace's blocks with a gain in the modulation plane. */
export function createBlockFilter(
  { subbands, plane, take }: BlockWorkspace,
  gain: ModulationGain,
  iterations: number,
): BlockFilter {
  const table = plane.tabulate(gain);
  const weight = stepWeights(plane, gain);
  return {
    filter(block, carrier) {
      const { spectrum: own, level: before, modulations } = take(block);
      const target = plane.filterTransform(modulations, table);
      const { spectrum, after } = approach(subbands, plane, {
        start: carrier === block ? own : inBand(subbands, carrier),
        target,
        weight,
        iterations,
        momentum: MOMENTUM.filter,
      });
      return { samples: subbands.toBlock(spectrum), before, target, after };
    },
    outOfBand: (block) =>
      subbands.toBlock(weighBins(subbands.toSpectrum(block), (bin) => 1 - subbands.carried[bin]!)),
  };
}

/** The spectrum of a block inside the channels. */
export function inBand(subbands: Subbands, samples: Float32Array): Float32Array {
  return weighBins(subbands.toSpectrum(samples), (bin) => subbands.carried[bin]!);
}

/** Multiplies the bins of an interleaved spectrum, in place. */
function weighBins(spectrum: Float32Array, weight: (bin: number) => number): Float32Array {
  for (let k = 0; k < spectrum.length / 2; k++) {
    const factor = weight(k);
    spectrum[2 * k]! *= factor;
    spectrum[2 * k + 1]! *= factor;
  }
  return spectrum;
}

/**
 * Iterates towards a spectrum with the target cochleagram: the error in dB, weighted in the modulation plane, is
 * imposed on the subbands; the least-squares spectrum of the result, moved a little further in the direction of the last
 * step, is taken apart again.
 */
export function approach(
  subbands: Subbands,
  plane: ModulationPlane,
  {
    start,
    target,
    weight,
    iterations,
    momentum,
  }: {
    readonly start: Float32Array;
    readonly target: Float32Array;
    readonly weight: Float32Array;
    readonly iterations: number;
    readonly momentum: number;
  },
): { spectrum: Float32Array; after: Float32Array } {
  const spectrum = start.slice();
  let projected = start;
  let level = subbands.analyse(spectrum);
  const error = new Float32Array(level.length);
  for (let iteration = 0; iteration < iterations; iteration++) {
    for (let i = 0; i < error.length; i++) {
      const [wanted, found] = [target[i]!, level[i]!];
      // Below the floor of the cochleagram any level will do.
      error[i] = wanted <= 0 && found <= 0 ? 0 : wanted - found;
    }
    const change = plane.filter(error, weight);
    for (let i = 0; i < change.length; i++) {
      const value = change[i]!;
      if (value > LARGEST_RISE) change[i] = LARGEST_RISE;
      else if (value < -LARGEST_FALL) change[i] = -LARGEST_FALL;
    }
    const next = subbands.impose(change);
    for (let i = 0; i < next.length; i++) spectrum[i] = next[i]! + momentum * (next[i]! - projected[i]!);
    projected = next;
    level = subbands.analyse(spectrum);
  }
  return { spectrum, after: level.slice() };
}
