import { prepareModulations, type ModulationAxes, type Preparation } from '../features';
import { mappedRows, type FeatureSource } from '../reduction';

/** Features of rows, with their number of columns. */
export interface ColumnedFeatures {
  /** Float32, rows x columns, in memory or a source of them. */
  readonly features: Float32Array | FeatureSource;
  readonly columns: number;
}

/** Features made ready for a model (see `prepareModulations`): at once in memory, or as they are read. */
export function preparedFeatures(
  { features, columns }: ColumnedFeatures,
  axes: Pick<ModulationAxes, 'rateHz' | 'scaleCycPerOct'>,
  preparation: Preparation,
): ColumnedFeatures {
  const prepare = (block: Float32Array): Float32Array => prepareModulations(block, axes, preparation);
  const row = new Float32Array(columns);
  const first = prepare(row);
  if (first === row) return { features, columns };
  return {
    features:
      features instanceof Float32Array ? prepare(features) : mappedRows(features, first.length, prepare),
    columns: first.length,
  };
}
