import { fourierTransform } from 'research-basics/numerics/mixedRadix';
import type { FilterBank } from '../features/stm/filterBank';
import { FRAME_RATE } from '../features/stm/axes';
import type { Pffft } from '../features/kernels/pffft';
import type { ModulationGain } from './region';

/** Channels of a bridged transform, a length that PFFFT takes: 150 of the cochleagram and 10 more. */
const bridged = (channels: number): number => 16 * Math.ceil((channels + 8) / 16);

/** Filters of cochleagrams in the modulation plane, for one number of frames. */
export interface ModulationPlane {
  /** Tabulates a gain on the transform's grid of rates and scales. */
  tabulate(gain: ModulationGain): Float32Array;
  /**
   * Multiplies the 2-D Fourier transform of a cochleagram by a table of gains.
   *
   * @param values dB, channels x frames, row-major
   * @returns the same shape, a new array; circular in time
   */
  filter(values: Float32Array, table: Float32Array): Float32Array;
  /** The 2-D transform alone, in the order of `tabulate`, interleaved complex; a new array. */
  transform(values: Float32Array): Float32Array;
  /** What `filter` makes of a cochleagram with this transform. */
  filterTransform(cells: Float32Array, table: Float32Array): Float32Array;
}

/**
 * Prepares the modulation plane of cochleagrams with a filter bank's channels and a number of frames.
 *
 * @param ends how the transform along scale treats the ends of the channels: `circular` as in the extraction, exactly
 *   one cycle of the channels; `bridged` adds a few that lead smoothly from the highest channel back to the lowest, which
 *   is several times faster
 */
export function createModulationPlane(
  fft: Pffft,
  bank: FilterBank,
  frames: number,
  ends: 'circular' | 'bridged',
): ModulationPlane {
  const channels = bank.centreHz.length;
  const rows = ends === 'circular' ? channels : bridged(channels);
  const rates = frames / 2 + 1;
  const floats = (address: number, length: number): Float32Array =>
    new Float32Array(fft.memory.buffer, address, length);
  const alongTime = fft.plan(frames, 'real');
  const columns = ends === 'circular' ? exactColumns(rows) : fastColumns(fft, rows);
  const line = fft.allocate(4 * frames);
  const lineSpectrum = fft.allocate(4 * frames);
  const scratch = fft.allocate(8 * frames);
  const plane = fft.allocate(8 * rates * rows);

  const forwardRows = (values: Float32Array): void => {
    const [time, spectrum, cells] = [
      floats(line, frames),
      floats(lineSpectrum, frames),
      floats(plane, 2 * rates * rows),
    ];
    for (let c = 0; c < rows; c++) {
      if (c < channels) time.set(values.subarray(c * frames, (c + 1) * frames));
      else bridge(time, values, (c - channels + 1) / (rows - channels + 1), channels);
      fft.transform(alongTime, line, lineSpectrum, scratch, 'forward', 'ordered');
      cells[2 * c] = spectrum[0]!;
      cells[2 * c + 1] = 0;
      for (let k = 1; k < rates - 1; k++) {
        cells[2 * (k * rows + c)] = spectrum[2 * k]!;
        cells[2 * (k * rows + c) + 1] = spectrum[2 * k + 1]!;
      }
      cells[2 * ((rates - 1) * rows + c)] = spectrum[1]!;
      cells[2 * ((rates - 1) * rows + c) + 1] = 0;
    }
  };

  const bridge = (time: Float32Array, values: Float32Array, position: number, count: number): void => {
    const share = 0.5 - 0.5 * Math.cos(Math.PI * position);
    const top = (count - 1) * frames;
    for (let n = 0; n < frames; n++) time[n] = (1 - share) * values[top + n]! + share * values[n]!;
  };

  const backwardRows = (): Float32Array => {
    const output = new Float32Array(channels * frames);
    const [time, spectrum, cells] = [
      floats(line, frames),
      floats(lineSpectrum, frames),
      floats(plane, 2 * rates * rows),
    ];
    const scale = 1 / (frames * rows);
    for (let c = 0; c < channels; c++) {
      spectrum[0] = cells[2 * c]! * scale;
      for (let k = 1; k < rates - 1; k++) {
        spectrum[2 * k] = cells[2 * (k * rows + c)]! * scale;
        spectrum[2 * k + 1] = cells[2 * (k * rows + c) + 1]! * scale;
      }
      spectrum[1] = cells[2 * ((rates - 1) * rows + c)]! * scale;
      fft.transform(alongTime, lineSpectrum, line, scratch, 'backward', 'ordered');
      output.set(time, c * frames);
    }
    return output;
  };

  const columnAt = (rate: number): Float32Array => floats(plane + 8 * rate * rows, 2 * rows);
  const forward = (values: Float32Array): void => {
    forwardRows(values);
    for (let k = 0; k < rates; k++) columns(columnAt(k), 'forward');
  };
  /** What comes back of the transform that lies in memory, times a table of gains. */
  const filtered = (table: Float32Array): Float32Array => {
    for (let k = 0; k < rates; k++) {
      const column = columnAt(k);
      scaleColumn(column, table, k * rows);
      columns(column, 'backward');
    }
    return backwardRows();
  };

  return {
    tabulate(gain) {
      const scaleStep = bank.channelsPerOctave / rows;
      const rateStep = FRAME_RATE / frames;
      return Float32Array.from({ length: rates * rows }, (_, i) => {
        const [k, s] = [Math.floor(i / rows), i % rows];
        // A row of negative scale and positive rate is the conjugate of positive scale and negative rate.
        return s <= rows / 2
          ? gain(k * rateStep, s * scaleStep)
          : gain(-k * rateStep, (rows - s) * scaleStep);
      });
    },
    filter(values, table) {
      forward(values);
      return filtered(table);
    },
    transform(values) {
      forward(values);
      return floats(plane, 2 * rates * rows).slice();
    },
    filterTransform(cells, table) {
      floats(plane, 2 * rates * rows).set(cells);
      return filtered(table);
    },
  };
}

/** Multiplies interleaved complex values by gains from a place of their table on, in place. */
function scaleColumn(column: Float32Array, table: Float32Array, first: number): void {
  for (let s = 0; s < column.length / 2; s++) {
    const gain = table[first + s]!;
    column[2 * s]! *= gain;
    column[2 * s + 1]! *= gain;
  }
}

/** The unnormalised transform of a column of interleaved complex values, in place. */
type TransformColumn = (column: Float32Array, direction: 'forward' | 'backward') => void;

function fastColumns(fft: Pffft, rows: number): TransformColumn {
  const plan = fft.plan(rows, 'complex');
  const scratch = fft.allocate(8 * rows);
  return ({ byteOffset: address }, direction) =>
    fft.transform(plan, address, address, scratch, direction, 'ordered');
}

function exactColumns(rows: number): TransformColumn {
  const { transform } = fourierTransform(rows);
  const [real, imaginary] = [new Float64Array(rows), new Float64Array(rows)];
  return (column, direction) => {
    // The backward transform is the forward one of the conjugate.
    const sign = direction === 'forward' ? 1 : -1;
    for (let s = 0; s < rows; s++) {
      real[s] = column[2 * s]!;
      imaginary[s] = sign * column[2 * s + 1]!;
    }
    transform(real, imaginary);
    for (let s = 0; s < rows; s++) {
      column[2 * s] = real[s]!;
      column[2 * s + 1] = sign * imaginary[s]!;
    }
  };
}
