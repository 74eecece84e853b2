import type { Engine } from '../../engine';
import type { PlaneAxes } from '../../features';
import { allRows, type FeatureSource } from '../../reduction';
import { collectionDesign, type CollectionDesign } from '../byCollection';
import {
  classNumbers,
  collectionNumbers,
  planeAxes,
  openFeatureFolder,
  readOrStream,
  type IndexRow,
} from '../featureFolder';

/** The features and what they are to be told apart by. */
export interface AblationData {
  readonly engine: Engine;
  /** Float32, rows x columns; a source where they are too many for memory. */
  readonly features: Float32Array | FeatureSource;
  readonly columns: number;
  readonly axes: PlaneAxes;
  readonly index: readonly IndexRow[];
  readonly classes: readonly string[];
  readonly y: Int32Array;
  readonly groups: Int32Array;
  /** How cells are scored by collection too; undefined where they are not. */
  readonly design: CollectionDesign | undefined;
  /** Collection of each row, where they are named. */
  readonly collections?: Int32Array;
}

/** The part of an ablation's plan that its data depend on. */
interface ScoringPlan {
  readonly folds: number;
  readonly seeds: number;
  readonly searched?: unknown;
}

/**
 * How an ablation's cells are scored by collection; undefined where each has a search of its own, or recordings cannot
 * be divided so.
 */
export const designOf = (
  index: readonly IndexRow[],
  plan: ScoringPlan,
  warn?: (line: string) => void,
): CollectionDesign | undefined =>
  plan.searched === undefined ? collectionDesign(index, plan.folds, plan.seeds, warn) : undefined;

/** Reads a feature folder for an ablation. */
export function readAblationData(features: string, engine: Engine, plan: ScoringPlan): AblationData {
  const folder = openFeatureFolder(features);
  try {
    return {
      engine,
      features: readOrStream(folder.matrix, allRows(folder.matrix.rows)),
      columns: folder.matrix.columns,
      axes: planeAxes(folder),
      index: folder.index,
      ...classNumbers(folder.index.map(({ label }) => label)),
      groups: classNumbers(folder.index.map(({ group }) => group)).y,
      design: designOf(folder.index, plan),
      ...collectionNumbers(folder.index),
    };
  } finally {
    folder.matrix.close();
  }
}
