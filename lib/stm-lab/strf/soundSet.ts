import { inputError } from 'research-basics/errors';
import { concatenate } from '../base/concatenate';

/** Spectrograms of equal size with their targets. */
export interface SoundSet {
  /** rows x bands x frames, row-major; NaN beyond the ends of a short sound until `standardise`. */
  readonly values: Float32Array;
  readonly rows: number;
  readonly bands: number;
  readonly frames: number;
  /** See `StrfNetwork.loss`: rows x outputs, or rows x frames x outputs. */
  readonly targets: Float32Array;
  /** Numbers of `targets` per row. */
  readonly targetSize: number;
}

/** Where a training takes its batches from: stored spectrograms, or spectrograms computed on demand. */
export interface SoundSource {
  /** What a pass over the data goes through once: recordings, excerpts or speakers. */
  readonly rows: number;
  /** Standardised spectrograms of some rows at an update; the same arguments always give the same. */
  batch(rows: Int32Array, step: number): SoundSet | Promise<SoundSet>;
}

/** Batches of stored spectrograms. */
export function storedSounds(set: SoundSet): SoundSource {
  return { rows: set.rows, batch: (rows) => selectSounds(set, rows) };
}

/**
 * Batches whose spectrograms are recomputed at every update.
 *
 * @param make standardised values of one row, bands x frames.
 */
export function madeSounds(
  shape: Omit<SoundSet, 'values'>,
  make: (row: number, step: number) => Promise<Float32Array>,
): SoundSource {
  return {
    rows: shape.rows,
    batch: async (rows, step) => {
      const values: Float32Array[] = [];
      for (const row of rows) values.push(await make(row, step));
      return {
        ...shape,
        values: concatenate(values),
        targets: selectRows(shape.targets, shape.targetSize, rows),
        rows: rows.length,
      };
    },
  };
}

/** Whether log-mel values are scaled to mean 0 and deviation 1 of the training data. */
export type InputScale = 'standardised' | 'raw';

/** Mean and standard deviation of all values of training spectrograms. */
export interface LogMelScale {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * Scale of the values that are not NaN.
 *
 * @param input `raw` takes decibels as they are (mean 0, deviation 1), as the released code does.
 * @throws UserError (`input`) when every value is NaN.
 */
export function logMelScale(values: Float32Array, input: InputScale = 'standardised'): LogMelScale {
  if (input === 'raw') return { mean: 0, deviation: 1 };
  let [count, sum, squares] = [0, 0, 0];
  for (const value of values)
    if (!Number.isNaN(value)) {
      count++;
      sum += value;
    }
  if (count === 0) throw inputError('log-mel scale: there are no values');
  const mean = sum / count;
  for (const value of values) if (!Number.isNaN(value)) squares += (value - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / count) || 1 };
}

/** Values scaled to mean 0 and deviation 1 of the training data; what lies beyond a sound's ends becomes 0. */
export function standardise(values: Float32Array, { mean, deviation }: LogMelScale): Float32Array {
  return values.map((value) => (Number.isNaN(value) ? 0 : (value - mean) / deviation));
}

/**
 * Cuts or extends a spectrogram to a number of frames around its middle; new frames are NaN.
 *
 * @param values bands x frames, row-major.
 */
export function fitFrames(values: Float32Array, bands: number, wanted: number): Float32Array {
  const frames = values.length / bands;
  const lead = Math.floor((wanted - frames) / 2);
  const fitted = new Float32Array(bands * wanted).fill(NaN);
  for (let band = 0; band < bands; band++) {
    const row = values.subarray(band * frames, (band + 1) * frames);
    if (lead >= 0) fitted.set(row, band * wanted + lead);
    else fitted.set(row.subarray(-lead, -lead + wanted), band * wanted);
  }
  return fitted;
}

/** Rows of a set, in the order given. */
export function selectSounds(set: SoundSet, rows: ArrayLike<number>): SoundSet {
  return {
    ...set,
    values: selectRows(set.values, set.bands * set.frames, rows),
    targets: selectRows(set.targets, set.targetSize, rows),
    rows: rows.length,
  };
}

function selectRows(values: Float32Array, size: number, rows: ArrayLike<number>): Float32Array {
  const selected = new Float32Array(rows.length * size);
  for (let i = 0; i < rows.length; i++)
    selected.set(values.subarray(rows[i]! * size, (rows[i]! + 1) * size), i * size);
  return selected;
}

/** One row per label: its class's weight (default 1), 0 elsewhere. */
export function classTargets(
  labels: ArrayLike<number>,
  classes: number,
  weights?: ArrayLike<number>,
): Float32Array {
  const targets = new Float32Array(labels.length * classes);
  for (let row = 0; row < labels.length; row++)
    if (labels[row]! >= 0) targets[row * classes + labels[row]!] = weights?.[labels[row]!] ?? 1;
  return targets;
}
