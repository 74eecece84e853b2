import { fourierTransform } from 'research-basics/numerics/mixedRadix';
import type { FilterBank } from '../features/stm/filterBank';
import { FRAME_RATE } from '../features/stm/axes';
import type { Pffft } from '../features/kernels/pffft';
import type { ModulationGain } from './region';

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
 * The transform along scale is circular over exactly the channels, as in the extraction.
 */
export function createModulationPlane(fft: Pffft, bank: FilterBank, frames: number): ModulationPlane {
  const rows = bank.centreHz.length;
  const rates = frames / 2 + 1;
  const floats = (address: number, length: number): Float32Array =>
    new Float32Array(fft.memory.buffer, address, length);
  const alongTime = fft.plan(frames, 'real');
  const columns = columnTransform(rows);
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
      time.set(values.subarray(c * frames, (c + 1) * frames));
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

  const backwardRows = (): Float32Array => {
    const output = new Float32Array(rows * frames);
    const [time, spectrum, cells] = [
      floats(line, frames),
      floats(lineSpectrum, frames),
      floats(plane, 2 * rates * rows),
    ];
    const scale = 1 / (frames * rows);
    for (let c = 0; c < rows; c++) {
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
  /** Multiplies a transformed column by its gains and transforms it back. */
  const finishColumn = (column: Float32Array, gains: Float32Array): void => {
    scaleColumn(column, gains);
    columns(column, 'backward');
  };
  const gainsAt = (table: Float32Array, rate: number): Float32Array =>
    table.subarray(rate * rows, (rate + 1) * rows);

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
      forwardRows(values);
      for (let k = 0; k < rates; k++) {
        const [column, gains] = [columnAt(k), gainsAt(table, k)];
        // A gain that is equal at all scales needs no transform along scale.
        if (gains.every((gain) => gain === gains[0])) {
          for (let i = 0; i < column.length; i++) column[i]! *= rows * gains[0]!;
        } else {
          columns(column, 'forward');
          finishColumn(column, gains);
        }
      }
      return backwardRows();
    },
    transform(values) {
      forwardRows(values);
      for (let k = 0; k < rates; k++) columns(columnAt(k), 'forward');
      return floats(plane, 2 * rates * rows).slice();
    },
    filterTransform(cells, table) {
      floats(plane, 2 * rates * rows).set(cells);
      for (let k = 0; k < rates; k++) finishColumn(columnAt(k), gainsAt(table, k));
      return backwardRows();
    },
  };
}

/** Multiplies interleaved complex values by their gains, in place. */
function scaleColumn(column: Float32Array, gains: Float32Array): void {
  for (let s = 0; s < gains.length; s++) {
    const gain = gains[s]!;
    column[2 * s]! *= gain;
    column[2 * s + 1]! *= gain;
  }
}

/** The unnormalised transform of a column of interleaved complex values, in place. */
type TransformColumn = (column: Float32Array, direction: 'forward' | 'backward') => void;

function columnTransform(rows: number): TransformColumn {
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
