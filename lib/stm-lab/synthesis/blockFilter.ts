import type { FilterBank } from '../features/stm/filterBank';
import type { ModulationPlane } from './plane';
import { createModulationPlane } from './plane';
import type { ModulationGain } from './region';
import { createSubbands, type Subbands, type SynthesisKernels } from './subbands';

/** Part of the last step that is taken once more (accelerated projections). */
const MOMENTUM = 0.9;
/** The part of the plane that is published, with room for leakage: Hz and cyc/oct. */
const PUBLISHED = { rateHz: 15.5, scaleCycPerOct: 7.3 } as const;
/**
 * How much of the error outside the published part is corrected in each step. Rates above 15 Hz are beats of neighbouring
 * components: they resist, and correcting them fully keeps the slower ones from converging.
 */
const FAR_WEIGHT = 0.1;
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

/** Prepares a filter of blocks of `frames` frames (see `blockFramesFor`) with a gain in the modulation plane. */
export function createBlockFilter(
  kernels: SynthesisKernels,
  bank: FilterBank,
  frames: number,
  gain: ModulationGain,
  iterations: number,
): BlockFilter {
  const subbands = createSubbands(kernels, bank, frames);
  const exact = createModulationPlane(kernels.fft, bank, frames, 'circular');
  const plane = createModulationPlane(kernels.fft, bank, frames, 'bridged');
  const table = exact.tabulate(gain);
  const weight = plane.tabulate((rate, scale) =>
    Math.abs(rate) <= PUBLISHED.rateHz && scale <= PUBLISHED.scaleCycPerOct ? 1 : FAR_WEIGHT,
  );
  return {
    filter(block, carrier) {
      const inBand = (samples: Float32Array): Float32Array =>
        weighBins(subbands.toSpectrum(samples), (bin) => subbands.carried[bin]!);
      const own = inBand(block);
      const before = subbands.analyse(own).slice();
      const target = exact.filter(before, table);
      const { spectrum, after } = approach(subbands, plane, {
        ...{ start: carrier === block ? own : inBand(carrier), target, weight, iterations },
      });
      return { samples: subbands.toBlock(spectrum), before, target, after };
    },
    outOfBand: (block) =>
      subbands.toBlock(weighBins(subbands.toSpectrum(block), (bin) => 1 - subbands.carried[bin]!)),
  };
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
function approach(
  subbands: Subbands,
  plane: ModulationPlane,
  {
    start,
    target,
    weight,
    iterations,
  }: {
    readonly start: Float32Array;
    readonly target: Float32Array;
    readonly weight: Float32Array;
    readonly iterations: number;
  },
): { spectrum: Float32Array; after: Float32Array } {
  let spectrum = start;
  let projected = start;
  let level = subbands.analyse(spectrum);
  const error = new Float32Array(level.length);
  for (let iteration = 0; iteration < iterations; iteration++) {
    for (let i = 0; i < error.length; i++)
      // Below the floor of the cochleagram any level will do.
      error[i] = target[i]! <= 0 && level[i]! <= 0 ? 0 : target[i]! - level[i]!;
    const change = plane.filter(error, weight);
    for (let i = 0; i < change.length; i++)
      change[i] = Math.max(-LARGEST_FALL, Math.min(LARGEST_RISE, change[i]!));
    const next = subbands.impose(change);
    spectrum = next.map((value, i) => value + MOMENTUM * (value - projected[i]!));
    projected = next;
    level = subbands.analyse(spectrum);
  }
  return { spectrum, after: level.slice() };
}
