import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { readJson } from 'research-basics/files';
import { openNpyRows } from '../../base/npyRows';
import { foldRates, smoothRates, smoothScales, type ModulationAxes } from '../../features';
import { vectorStarts } from '../../models';
import { modulationAxes, openFeatureFolder, type ExtractionFile, type IndexRow } from '../featureFolder';
import type { ExcerptModelChoice } from './choice';

/** The excerpts of recordings, made ready for a model. */
export interface ExcerptVectors {
  /** Float32, excerpts x columns: smoothed and folded. */
  readonly vectors: Float32Array;
  readonly columns: number;
  /** Where each recording's excerpts begin, and where the last end: recordings + 1 numbers. */
  readonly starts: Int32Array;
}

/** An opened folder of excerpts. */
export interface ExcerptFolder {
  readonly index: readonly IndexRow[];
  readonly axes: ModulationAxes;
  readonly hashes: Readonly<Record<'excerpts' | 'index' | 'axes', string>>;
  /**
   * Reads all excerpts and makes them ready.
   *
   * @throws UserError (`input`) when the files disagree.
   */
  read(choice: ExcerptModelChoice): ExcerptVectors;
}

/**
 * Excerpt features as an excerpt model takes them: smoothed along rate, negative rates folded, smoothed along scale,
 * the lowest scales left out.
 *
 * @throws UserError (`input`) when no scale remains.
 */
export function prepareVectors(
  features: Float32Array,
  { rateHz, scaleCycPerOct: scales }: ModulationAxes,
  { rateSmoothing, scaleSmoothing = 0, leastScale = 0, foldRates: folds }: Preparation,
): Float32Array {
  const smoothed = rateSmoothing > 0 ? smoothRates(features, rateHz, rateSmoothing) : features;
  const folded = folds ? foldRates(smoothed, rateHz) : smoothed;
  const rates = folds ? Math.ceil(rateHz.length / 2) : rateHz.length;
  const vectors = scaleSmoothing > 0 ? smoothScales(folded, scales, rates, scaleSmoothing) : folded;
  const first = scales.findIndex((scale) => scale >= leastScale);
  if (first < 0)
    throw inputError(
      `leastScale ${leastScale} cycles per octave leaves no scale (the largest is ${scales.at(-1)}); lower it`,
    );
  return first > 0 ? withoutFirstRuns(vectors, scales.length * rates, first * rates) : vectors;
}

type Preparation = Pick<ExcerptModelChoice, 'rateSmoothing' | 'scaleSmoothing' | 'leastScale' | 'foldRates'>;

/** Each set of `size` values without its first `dropped`. */
function withoutFirstRuns(values: Float32Array, size: number, dropped: number): Float32Array {
  const sets = values.length / size;
  const rest = new Float32Array(sets * (size - dropped));
  for (let s = 0; s < sets; s++)
    rest.set(values.subarray(s * size + dropped, (s + 1) * size), s * (size - dropped));
  return rest;
}

/**
 * Opens the excerpts of an extraction.
 *
 * @throws UserError (`input`) when excerpts were not kept.
 */
export function openExcerptFolder(folder: string): ExcerptFolder {
  const opened = openFeatureFolder(folder);
  opened.matrix.close();
  const { index, indexHash, axesHash } = opened;
  const hash = readJson<ExtractionFile>(path.join(folder, 'extraction.json')).sha256['excerpts.npy'];
  if (hash === undefined)
    throw inputError(`${folder}: excerpts were not kept; extract again with --keep excerpts`);
  const axes = modulationAxes(opened);
  return {
    index,
    axes,
    hashes: { excerpts: hash, index: indexHash, axes: axesHash },
    read(choice) {
      const starts = vectorStarts({
        rows: index.length,
        excerpts: Int32Array.from(index, ({ excerpts }) => excerpts),
      });
      const file = path.join(folder, 'excerpts.npy');
      const matrix = openNpyRows(file);
      try {
        if (matrix.rows !== starts[index.length])
          throw inputError(
            `${file}: has ${matrix.rows} excerpts but index.csv counts ${starts[index.length]}; extract again with --keep excerpts`,
          );
        const vectors = prepareVectors(matrix.readRows(0, matrix.rows), axes, choice);
        return { vectors, columns: vectors.length / matrix.rows, starts };
      } finally {
        matrix.close();
      }
    },
  };
}
