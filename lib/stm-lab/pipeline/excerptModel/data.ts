import { inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import {
  describeFeatures,
  unusualParameters,
  type ExtractionIdentity,
  type ModulationAxes,
} from '../../features';
import {
  modulationAxes,
  openExcerptRows,
  openFeatureFolder,
  readExtraction,
  readOrStream,
  type IndexRow,
} from '../featureFolder';
import { allRows, type FeatureSource } from '../../reduction';
import { preparedFeatures } from '../preparedFeatures';
import type { ExcerptModelChoice } from './choice';

/** The excerpts of recordings, made ready for a model. */
export interface ExcerptVectors {
  /** Float32, excerpts x columns: smoothed and folded. A source where they are too many for memory. */
  readonly vectors: Float32Array | FeatureSource;
  readonly columns: number;
  /** Where each recording's excerpts begin, and where the last end: recordings + 1 numbers. */
  readonly starts: Int32Array;
  /** Folder for reduced excerpts that are too many for memory. Default: they are held in memory. */
  readonly scratch?: string | undefined;
}

/** Recordings with their classes, and what is held out together. */
export interface ExcerptTask extends ExcerptVectors {
  /** Class of each recording. */
  readonly y: Int32Array;
  readonly classes: readonly string[];
  /** Collection of each recording (its group where no collections are named). */
  readonly collections: readonly string[];
}

/** An opened folder of excerpts. */
export interface ExcerptFolder {
  readonly index: readonly IndexRow[];
  readonly axes: ModulationAxes;
  readonly extraction: ExtractionIdentity;
  readonly hashes: Readonly<Record<string, string>>;
  /**
   * All excerpts, made ready; those that are too many for memory are made ready as they are read.
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
  const {
    index,
    indexHash,
    axesHash,
    extraction = { kind: 'stm', parameters: describeFeatures('stm').parameters, revision: 1 },
  } = opened;
  const hash = readExtraction(folder).sha256['excerpts.npy'];
  if (hash === undefined)
    throw inputError(`${folder}: excerpts were not kept; extract again with --keep excerpts`);
  const axes = modulationAxes(opened);
  return {
    index,
    axes,
    extraction,
    hashes: {
      excerpts: hash,
      index: indexHash,
      axes: axesHash,
      // What is at its default stays out of the key of earlier models.
      ...(extraction.kind === 'stm' && Object.keys(unusualParameters(extraction)).length === 0
        ? {}
        : { extraction: sha256(extraction) }),
    },
    read(choice) {
      const { matrix, starts } = openExcerptRows(folder, index);
      try {
        const { columns } = matrix;
        const own = { features: readOrStream(matrix, allRows(matrix.rows)), columns };
        const ready = preparedFeatures(own, axes, choice);
        return { vectors: ready.features, columns: ready.columns, starts };
      } finally {
        matrix.close();
      }
    },
  };
}
