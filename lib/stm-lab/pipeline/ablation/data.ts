import type { Engine } from '../../engine';
import type { ModulationAxes } from '../../features';
import { classNumbers, modulationAxes, openFeatureFolder, type IndexRow } from '../featureFolder';

/** The features and what they are to be told apart by. */
export interface AblationData {
  readonly engine: Engine;
  /** Float32, rows x columns. */
  readonly features: Float32Array;
  readonly columns: number;
  readonly axes: ModulationAxes;
  readonly index: readonly IndexRow[];
  readonly classes: readonly string[];
  readonly y: Int32Array;
  readonly groups: Int32Array;
}

/** Reads a feature folder for an ablation. */
export function readAblationData(features: string, engine: Engine): AblationData {
  const folder = openFeatureFolder(features);
  try {
    return {
      engine,
      features: folder.matrix.readRows(0, folder.matrix.rows),
      columns: folder.matrix.columns,
      axes: modulationAxes(folder),
      index: folder.index,
      ...classNumbers(folder.index.map(({ label }) => label)),
      groups: classNumbers(folder.index.map(({ group }) => group)).y,
    };
  } finally {
    folder.matrix.close();
  }
}
