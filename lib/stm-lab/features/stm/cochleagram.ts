import type { Resampler } from '../../audio/resample';
import { EXCERPT_SECONDS } from '../excerpts';
import { loadPffft, type FftPlan } from '../kernels/pffft';
import { loadStmKernels } from '../kernels/stmKernels';
import { FRAMES, RATES } from './axes';
import { END_FRAMES, EXCERPT_SAMPLES, HALO, planChannels, type EnvelopeGrid } from './channelPlan';
import type { FilterBank } from './filterBank';

/** Rates whose transform is computed: the negative ones follow from the signal being real. */
export const HALF_RATES = (RATES + 1) / 2;
/** Values of a row folded around its middle. */
const FOLDED = FRAMES / 2 + 2;

/** A cochleagram's transform along time: rates 0 ... 15 Hz x channels. Views that the next call overwrites. */
export interface RateSpectrum {
  readonly real: Float32Array;
  readonly imaginary: Float32Array;
}

/** Computes log spectrograms of excerpts with one filter bank, in memory of its own. */
export interface CochleagramKernel {
  readonly bank: FilterBank;
  /**
   * The cochleagram of an excerpt.
   *
   * @param samples 4 s at the resampler's input rate
   * @param gain factor applied to them
   * @returns dB above 1e-4, not negative: channels x 500 frames, row-major, Float32Array. A view that the next call
   *   overwrites.
   */
  compute(samples: Float32Array, gain: number, resampler: Resampler): Float32Array;
  /** The transform along time of the cochleagram computed last. */
  rateSpectrum(): RateSpectrum;
}

/** An envelope grid with its tables in the kernels' memory. */
interface LoadedGrid {
  readonly grid: EnvelopeGrid;
  readonly plan: FftPlan;
  readonly filter: number;
  readonly ends: readonly {
    readonly count: number;
    readonly starts: number;
    readonly interpolation: number;
    readonly frames: readonly {
      readonly frame: number;
      readonly fine: number;
      readonly fineLength: number;
      readonly coarse: number;
      readonly coarseLength: number;
      readonly firstSample: number;
    }[];
  }[];
}

/**
 * Prepares the cochleagram: Gaussian band-pass channels in the frequency domain, magnitude of the analytic signal,
 * low-pass to 125 frames per second, 20 log10 + 80 dB with negative values set to 0.
 *
 * Only the envelope below 62.5 Hz is wanted, so each channel is brought to 0 Hz and transformed back at a rate that
 * suits its own bandwidth (2 to 20 times below 16 kHz). The magnitude of a signal has cusps where the signal comes
 * near zero, and summing over the coarser grid gets those wrong by up to 1e-2 of the final features; their closed-form
 * correction (`correctCusps`) brings that below the rounding of a float32 reference.
 *
 * Source: the code published with arXiv 2505.23509; reduced-rate evaluation: this project.
 */
export async function createCochleagramKernel(bank: FilterBank): Promise<CochleagramKernel> {
  const fft = await loadPffft();
  const kernels = await loadStmKernels(fft.memory);
  const floats = (address: number, length: number): Float32Array =>
    new Float32Array(fft.memory.buffer, address, length);
  const allocate = (length: number): number => fft.allocate(length * 4);
  const upload = (values: ArrayLike<number>): number => {
    const address = allocate(values.length);
    floats(address, values.length).set(values);
    return address;
  };

  const uploadIntegers = (values: Int32Array): number => {
    const address = allocate(values.length);
    new Int32Array(fft.memory.buffer, address, values.length).set(values);
    return address;
  };

  const loaded = new Map<EnvelopeGrid, LoadedGrid>();
  const channels = planChannels(bank).map(({ firstBin, weights, position, grid }) => {
    let entry = loaded.get(grid);
    if (entry === undefined) {
      entry = {
        grid,
        plan: fft.plan(grid.length, 'complex'),
        filter: upload(grid.filter),
        ends: grid.ends.map(({ count, starts, interpolation, frames }) => ({
          count,
          starts: uploadIntegers(starts),
          interpolation: upload(interpolation),
          frames: frames.map(({ frame, fine, coarse, firstSample }) => ({
            frame,
            firstSample,
            fine: upload(fine),
            fineLength: fine.length,
            coarse: upload(coarse),
            coarseLength: coarse.length,
          })),
        })),
      };
      loaded.set(grid, entry);
    }
    return { firstBin, count: weights.length, weights: upload(weights), position, loaded: entry };
  });
  const count = channels.length;

  const longest = Math.max(...channels.map((channel) => channel.loaded.grid.length));
  const forward = fft.plan(EXCERPT_SAMPLES, 'real');
  const analysed = allocate(EXCERPT_SAMPLES);
  // The last bin needs room of its own, and the last group of four bins reaches beyond it.
  const spectrum = upload(new Float32Array(EXCERPT_SAMPLES + 8));
  const scratch = allocate(2 * Math.max(longest, EXCERPT_SAMPLES / 2));
  const band = allocate(2 * longest);
  const padded = (width: number): number =>
    upload(new Float32Array(width * (longest + 4 * HALO))) + 8 * HALO * width;
  const signal = padded(2);
  const power = padded(1);
  const magnitude = padded(1);
  const minima = allocate(longest + 4);
  const mostFine = Math.max(...channels.flatMap(({ loaded }) => loaded.ends.map(({ count }) => count)));
  const fine = upload(new Float32Array(mostFine + 4));
  const output = allocate(count * FRAMES);
  const angle = (2 * Math.PI) / FRAMES;
  const cosines = upload(
    Array.from({ length: HALF_RATES * FOLDED }, (_, i) =>
      Math.cos(angle * Math.floor(i / FOLDED) * (i % FOLDED)),
    ),
  );
  const sines = upload(
    Array.from({ length: HALF_RATES * FOLDED }, (_, i) =>
      Math.sin(angle * Math.floor(i / FOLDED) * (i % FOLDED)),
    ),
  );
  const work = allocate(2 * FOLDED);
  const real = allocate(HALF_RATES * count);
  const imaginary = allocate(HALF_RATES * count);

  /** Tables of the resampler in use, and room for an excerpt at its input rate. */
  let input:
    { resampler: Resampler; rows: number; rowLength: number; buffer: number; samples: number } | undefined;
  const prepareInput = (resampler: Resampler): NonNullable<typeof input> => {
    if (input?.resampler === resampler) return input;
    if (input !== undefined) [input.rows, input.buffer].forEach((address) => fft.free(address));
    const { up, down, rowLength } = resampler;
    const width = 4 * Math.ceil(rowLength / 4);
    const rows = new Float32Array(up * width);
    for (let phase = 0; phase < up; phase++)
      rows.set(resampler.rows.subarray(phase * rowLength, (phase + 1) * rowLength), phase * width);
    const samples = (EXCERPT_SAMPLES / up) * down;
    // Zeros on both sides: beyond its ends the excerpt counts as zero.
    const buffer = upload(new Float32Array(samples + 2 * width + 8));
    input = { resampler, rows: upload(rows), rowLength: width, buffer, samples };
    return input;
  };

  const load = (samples: Float32Array, gain: number, resampler: Resampler): void => {
    if (resampler.up === 1 && resampler.down === 1) {
      const target = floats(analysed, EXCERPT_SAMPLES);
      for (let i = 0; i < EXCERPT_SAMPLES; i++) target[i] = samples[i]! * gain;
      return;
    }
    const { rows, rowLength, buffer, samples: length } = prepareInput(resampler);
    const first = buffer + rowLength * 4;
    const target = floats(first, length);
    for (let i = 0; i < length; i++) target[i] = samples[i]! * gain;
    const { up, down, halfLength } = resampler;
    kernels.resample(
      first, rows, rowLength, resampler.rowLength, up, down, halfLength, analysed, EXCERPT_SAMPLES,
    ); // prettier-ignore
  };

  return {
    bank,
    compute(samples, gain, resampler) {
      if (samples.length !== (EXCERPT_SAMPLES / resampler.up) * resampler.down)
        throw new RangeError(
          `an excerpt of ${samples.length} samples was given where ${EXCERPT_SECONDS} s are expected`,
        );
      load(samples, gain, resampler);
      fft.transform(forward, analysed, spectrum, scratch, 'forward', 'ordered');
      // PFFFT keeps the last bin, which is real, in the imaginary part of the first.
      const bins = floats(spectrum, EXCERPT_SAMPLES + 2);
      bins[EXCERPT_SAMPLES] = bins[1]!;
      bins[1] = 0;
      for (let c = 0; c < count; c++) {
        const { firstBin, count: width, weights, position, loaded } = channels[c]!;
        const { grid, plan, filter, ends } = loaded;
        const { length, perFrame, spacing } = grid;
        kernels.fillBand(spectrum + firstBin * 8, weights, band, width, position, length);
        fft.transform(plan, band, signal, scratch, 'backward', 'internal');
        kernels.envelope(signal, power, magnitude, length);
        kernels.extend(signal, length, 8, HALO);
        kernels.extend(power, length, 4, 4);
        const found = kernels.findMinima(power, length, minima);
        kernels.correctCusps(signal, magnitude, length, minima, found, spacing);
        kernels.extend(magnitude, length, 4, HALO);
        const row = output + c * FRAMES * 4;
        kernels.lowPass(
          magnitude - 4 * HALO,
          filter,
          grid.filter.length,
          perFrame,
          row + END_FRAMES * 4,
          FRAMES - 2 * END_FRAMES,
        );
        const frames = floats(row, FRAMES);
        for (const end of ends) {
          kernels.interpolate(signal, end.starts, end.interpolation, end.count, fine);
          for (const part of end.frames)
            frames[part.frame] =
              kernels.dot(fine, part.fine, part.fineLength) +
              kernels.dot(magnitude + part.firstSample * 4, part.coarse, part.coarseLength);
        }
      }
      kernels.toDecibels(output, count * FRAMES);
      return floats(output, count * FRAMES);
    },
    rateSpectrum() {
      kernels.rowTransform(output, count, HALF_RATES, cosines, sines, work, real, imaginary);
      return { real: floats(real, HALF_RATES * count), imaginary: floats(imaginary, HALF_RATES * count) };
    },
  };
}
