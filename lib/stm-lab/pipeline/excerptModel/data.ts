import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { readJson } from 'research-basics/files';
import { prepareModulations, type ModulationAxes } from '../../features';
import {
  modulationAxes,
  openExcerptRows,
  openFeatureFolder,
  type ExtractionFile,
  type IndexRow,
} from '../featureFolder';
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
      const { matrix, starts } = openExcerptRows(folder, index);
      try {
        const vectors = prepareModulations(matrix.readRows(0, matrix.rows), axes, choice);
        return { vectors, columns: vectors.length / matrix.rows, starts };
      } finally {
        matrix.close();
      }
    },
  };
}
