import type { Resampler } from '../../audio/resample';
import { EXCERPT_SECONDS } from '../excerpts';
import { bandTables, loadBandKernels } from '../kernels/bandKernels';
import { loadPffft } from '../kernels/pffft';
import { loadStmKernels } from '../kernels/stmKernels';
import { FRAMES } from './axes';
import { END_FRAMES, EXCERPT_SAMPLES, HALO, planChannels, type EnvelopeGrid } from './channelPlan';
import type { FilterBank } from './filterBank';
import { createModulationTransform, type ModulationTransform } from './modulationTransform';

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
  /** The transform of the cochleagram computed last. */
  readonly transform: ModulationTransform;
}

/** An envelope grid with its tables in the kernels' memory. */
interface LoadedGrid {
  readonly grid: EnvelopeGrid;
  /** Tables of the transform; see `transformBand`. */
  readonly spreading: number;
  readonly passes: number;
  readonly filter: number;
  readonly ends: readonly {
    readonly count: number;
    readonly starts: number;
    readonly interpolation: number;
    /** Int32, 6 values for each of its frames; see `makeEnd`. */
    readonly parts: number;
    readonly frames: number;
  }[];
}

/** For each of the 16 sets of four lanes, the lanes in it, first ones first. */
const LANES = Uint16Array.from(
  Array.from({ length: 16 }, (_, set) => {
    const lanes = [0, 1, 2, 3].filter((lane) => (set >> lane) & 1);
    return [...lanes, 0, 0, 0, 0].slice(0, 4);
  }).flat(),
);

/**
 * Prepares the cochleagram: Gaussian band-pass channels in the frequency domain, magnitude of the analytic signal,
 * low-pass to 125 frames per second, 20 log10 + 80 dB with negative values set to 0.
 *
 * Only the envelope below 62.5 Hz is wanted, so each channel is brought to 0 Hz and transformed back at a rate that
 * suits its own bandwidth (2 to 8 times below 16 kHz). The magnitude of a signal has cusps where the signal comes
 * near zero, and summing over the coarser grid gets those wrong by up to 1e-2 of the final features; their closed-form
 * correction (`correctCusps`) brings that below the rounding of a float32 reference.
 *
 * Source: the code published with arXiv 2505.23509; reduced-rate evaluation: this project.
 */
export async function createCochleagramKernel(bank: FilterBank): Promise<CochleagramKernel> {
  const fft = await loadPffft();
  const [kernels, { transformBand }] = await Promise.all([
    loadStmKernels(fft.memory),
    loadBandKernels(fft.memory),
  ]);
  const floats = (address: number, length: number): Float32Array =>
    new Float32Array(fft.memory.buffer, address, length);
  const allocate = (length: number): number => fft.allocate(length * 4);
  const upload = (
    values: ArrayLike<number>,
    type: typeof Float32Array | typeof Int32Array = Float32Array,
  ) => {
    const address = allocate(values.length);
    new type(fft.memory.buffer, address, values.length).set(values);
    return address;
  };

  const loaded = new Map<EnvelopeGrid, LoadedGrid>();
  const channels = planChannels(bank).map(({ firstBin, weights, position, grid }) => {
    let entry = loaded.get(grid);
    if (entry === undefined) {
      const { spreading, passes } = bandTables(grid.length / 4);
      entry = {
        grid,
        spreading: upload(spreading),
        passes: upload(
          passes.flatMap(({ radix, count, twiddles }) => [radix, count, upload(twiddles)]),
          Int32Array,
        ),
        filter: upload(grid.filter),
        ends: grid.ends.map(({ count, starts, interpolation, frames }) => ({
          count,
          starts: upload(starts, Int32Array),
          interpolation: upload(interpolation),
          frames: frames.length,
          parts: upload(
            frames.flatMap(({ frame, fine, coarse, firstSample }) => [
              frame,
              ...[fine, coarse].flatMap((weights) => [upload(weights), weights.length]),
              firstSample,
            ]),
            Int32Array,
          ),
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
  const scratch = allocate(Math.max(2 * longest, EXCERPT_SAMPLES));
  const padded = (): number => upload(new Float32Array(longest + 4 * HALO)) + 8 * HALO;
  const [real, imaginary, magnitude] = [padded(), padded(), padded()];
  const lanes = allocate(LANES.length / 2);
  new Uint16Array(fft.memory.buffer, lanes, LANES.length).set(LANES);
  const minima = allocate(longest + 8);
  const mostFine = Math.max(...channels.flatMap(({ loaded }) => loaded.ends.map(({ count }) => count)));
  const fine = upload(new Float32Array(mostFine + 4));
  const output = allocate(count * FRAMES);
  const transform = createModulationTransform(kernels, output, count, {
    allocate,
    bytes: () => fft.memory.buffer,
  });

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
      floats(analysed, EXCERPT_SAMPLES).set(samples);
      kernels.scale(analysed, EXCERPT_SAMPLES, gain);
      return;
    }
    const { rows, rowLength, buffer, samples: length } = prepareInput(resampler);
    const first = buffer + rowLength * 4;
    floats(first, length).set(samples);
    kernels.scale(first, length, gain);
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
        const { grid, spreading, passes, filter, ends } = loaded;
        const { length, perFrame, spacing } = grid;
        transformBand(
          spectrum + firstBin * 8, weights, position, width, length / 4, spreading, passes, scratch, real, imaginary,
        ); // prettier-ignore
        kernels.extend(real, length, 4, HALO);
        kernels.extend(imaginary, length, 4, HALO);
        const found = kernels.envelope(real, imaginary, magnitude, length, lanes, minima);
        kernels.correctCusps(real, imaginary, magnitude, length, minima, found, spacing);
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
        for (const { starts, interpolation, count: samplesNear, parts, frames } of ends)
          kernels.makeEnd(
            real, imaginary, magnitude, starts, interpolation, samplesNear, fine, parts, frames, row,
          ); // prettier-ignore
      }
      kernels.toDecibels(output, count * FRAMES);
      return floats(output, count * FRAMES);
    },
    transform,
  };
}
