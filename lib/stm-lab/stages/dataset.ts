import * as path from 'node:path';
import type { DatasetOptions } from 'mlflow-tracking-client';
import { manifestFolder, type Manifest } from '../corpus';

/** The data of a run as MLflow shows them: a name, and a digest that changes when the data do. */
export type RunDataset = Pick<DatasetOptions, 'name' | 'digest' | 'source'>;

/** The recordings of a manifest: named by its folder, told apart by its hash. */
export function datasetOfManifest(manifest: Pick<Manifest, 'file' | 'hash'>): RunDataset {
  return {
    name: path.basename(manifestFolder(path.resolve(manifest.file))) || 'corpus',
    digest: manifest.hash.slice(0, 8),
    source: path.basename(manifest.file),
  };
}

/** The data of a stage that knows no manifest: the input nearest to the recordings, by its hash. */
export function datasetOfInputs(inputs: Readonly<Record<string, string>>): RunDataset | undefined {
  const name = ['manifest', 'features', 'reduction', 'split'].find((input) => inputs[input] !== undefined);
  const chosen = name ?? Object.keys(inputs)[0];
  return chosen === undefined
    ? undefined
    : { name: chosen, digest: inputs[chosen]!.slice(0, 8), source: chosen };
}

/** What a stage uses its data for, in MLflow's words. */
export function datasetContext(stage: string): string {
  if (stage.startsWith('extract')) return 'extraction';
  return /^(search|trial|train|tmnn|strf|reduce)/.test(stage) ? 'training' : 'evaluation';
}
