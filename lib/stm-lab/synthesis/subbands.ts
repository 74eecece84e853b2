import type { FilterBank } from '../features/stm/filterBank';
import { loadPffft, type Pffft } from '../features/kernels/pffft';
import { loadStmKernels, type StmKernels } from '../features/kernels/stmKernels';
import { loadSubbandKernels, type SubbandKernels } from '../features/kernels/subbandKernels';
import { LOW_PASS_ZEROS } from '../audio/resample';
import { planBlock } from './subbandPlan';

/**
 * The subbands of one block of sound, in memory of their own: taken apart (`analyse`), their envelopes changed and put
 * together again (`impose`). Spectra are interleaved complex float32 values of the bins 0 ... half the block's samples.
 */
export interface Subbands {
  /** Spectrum of a block, 128 values at 16 kHz for each frame. */
  toSpectrum(block: Float32Array): Float32Array;
  /** Block of a spectrum. */
  toBlock(spectrum: Float32Array): Float32Array;
  /**
   * Takes a spectrum apart and returns its cochleagram: dB above 1e-4, not negative, channels x frames, row-major. A view
   * that the next call overwrites. Circular: the block's end is followed by its beginning.
   */
  analyse(spectrum: Float32Array): Float32Array;
  /**
   * Changes the levels of the subbands analysed last and returns the spectrum whose subbands come nearest to the
   * result in the sense of least squares (`sum G Z / sum G^2`, small denominators bounded).
   *
   * @param change dB, channels x frames
   */
  impose(change: Float32Array): Float32Array;
  /** The part of each bin, 0 ... 1, that comes back when nothing is changed: 1 from about 170 Hz to 7.8 kHz. */
  readonly carried: Float32Array;
}

/** The WebAssembly that works on subbands, and the memory that it shares. */
export interface SynthesisKernels {
  readonly fft: Pffft;
  readonly analysis: StmKernels;
  readonly synthesis: SubbandKernels;
}

/** Starts the kernels in a memory of their own. */
export async function loadSynthesisKernels(): Promise<SynthesisKernels> {
  const fft = await loadPffft();
  const [analysis, synthesis] = await Promise.all([
    loadStmKernels(fft.memory),
    loadSubbandKernels(fft.memory),
  ]);
  return { fft, analysis, synthesis };
}

/**
 * Prepares the subbands of blocks of a number of frames (see `blockFramesFor`).
 *
 * Source: Griffin & Lim (1984) for the least-squares estimate; McDermott & Simoncelli (2011) for imposing envelopes on
 * subbands; computed at reduced rates as in the extraction.
 */
export function createSubbands(
  { fft, analysis, synthesis }: SynthesisKernels,
  bank: FilterBank,
  frames: number,
): Subbands {
  const plan = planBlock(bank, frames);
  const { samples } = plan;
  const bins = samples / 2 + 1;
  const floats = (address: number, length: number): Float32Array =>
    new Float32Array(fft.memory.buffer, address, length);
  const allocate = (length: number): number => fft.allocate(length * 4);
  const upload = (values: ArrayLike<number>): number => {
    const address = allocate(values.length);
    floats(address, values.length).set(values);
    return address;
  };

  const filters = new Map([...plan.filters].map(([perFrame, taps]) => [perFrame, upload(taps)]));
  const channels = plan.channels.map(({ firstBin, weights, position, perFrame }) => {
    const length = frames * perFrame;
    return {
      ...{ firstBin, position, perFrame, length, count: weights.length },
      weights: upload(weights),
      transform: fft.plan(length, 'complex'),
      signal: allocate(2 * length),
      filter: filters.get(perFrame)!,
    };
  });
  const longest = Math.max(...channels.map(({ length }) => length));
  const halo = LOW_PASS_ZEROS * Math.max(...channels.map(({ perFrame }) => perFrame)) + 8;
  const band = allocate(2 * longest);
  const magnitude = allocate(longest + 2 * halo) + 4 * halo;
  const scratch = allocate(2 * Math.max(longest, samples));
  const real = fft.plan(samples, 'real');
  const time = allocate(samples);
  // Room for the last bin and for the last group of four.
  const spectrum = upload(new Float32Array(2 * bins + 8));
  const levels = allocate(channels.length * frames);
  const gains = allocate(channels.length * frames + 4);
  const row = upload(new Float32Array(frames + 4));

  return {
    carried: plan.carried,
    toSpectrum(block) {
      floats(time, samples).set(block);
      fft.transform(real, time, spectrum, scratch, 'forward', 'ordered');
      const values = floats(spectrum, 2 * bins).slice();
      // PFFFT keeps the last bin, which is real, in the imaginary part of the first.
      values[2 * bins - 2] = values[1]!;
      values[1] = 0;
      values[2 * bins - 1] = 0;
      return values;
    },
    toBlock(values) {
      const target = floats(spectrum, samples);
      target.set(values.subarray(0, samples));
      target[1] = values[2 * bins - 2]!;
      fft.transform(real, spectrum, time, scratch, 'backward', 'ordered');
      return floats(time, samples).map((value) => value / samples);
    },
    analyse(values) {
      floats(spectrum, 2 * bins).set(values);
      channels.forEach(
        ({ firstBin, weights, count, position, length, transform, signal, filter, perFrame }, c) => {
          analysis.fillBand(spectrum + firstBin * 8, weights, band, count, position, length);
          fft.transform(transform, band, signal, scratch, 'backward', 'internal');
          synthesis.magnitudes(signal, magnitude, length);
          const reach = LOW_PASS_ZEROS * perFrame;
          analysis.extend(magnitude, length, 4, reach + 4);
          const taps = 2 * reach + 4;
          analysis.lowPass(magnitude - 4 * reach, filter, taps, perFrame, levels + 4 * c * frames, frames);
        },
      );
      analysis.toDecibels(levels, channels.length * frames);
      return floats(levels, channels.length * frames);
    },
    impose(change) {
      floats(gains, channels.length * frames).set(change);
      synthesis.fromDecibels(gains, channels.length * frames);
      floats(spectrum, 2 * bins + 8).fill(0);
      channels.forEach(({ firstBin, weights, count, position, length, transform, signal, perFrame }, c) => {
        const factors = floats(row, frames + 1);
        factors.set(floats(gains + 4 * c * frames, frames));
        factors[frames] = factors[0]!;
        synthesis.scaleFrames(signal, row, frames, perFrame);
        fft.transform(transform, signal, band, scratch, 'forward', 'internal');
        synthesis.addBand(band, weights, spectrum + firstBin * 8, count, position, length, 1 / length);
      });
      const sum = floats(spectrum, 2 * bins);
      const result = new Float32Array(2 * bins);
      for (let k = 0; k < bins; k++) {
        result[2 * k] = sum[2 * k]! * plan.inverse[k]!;
        result[2 * k + 1] = sum[2 * k + 1]! * plan.inverse[k]!;
      }
      return result;
    },
  };
}
