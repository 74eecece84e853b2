import { componentScale, type Reduction } from '../../reduction';
import type { LinearModel } from '../../models';
import { loadExcerptModel, type ExcerptModelRecord } from './store';

/** An excerpt model without its reduction: what its members compute from prepared vectors directly. */
export interface LinearExcerptModel {
  readonly record: ExcerptModelRecord;
  /** Per member and class, the weights of the columns and then the constant. */
  readonly members: readonly (readonly (readonly number[])[])[];
}

/**
 * Multiplies an excerpt model's members out, since standardiser and principal components are linear too: a page needs no
 * linear algebra to predict with it.
 *
 * @throws UserError (`input`) as `loadExcerptModel`.
 */
export function linearExcerptModel(folder: string): LinearExcerptModel {
  const { record, reduction, members } = loadExcerptModel(folder);
  return { record, members: members.map((member) => multiplyOut(member, reduction)) };
}

function multiplyOut({ weights, classes, columns: width }: LinearModel, reduction: Reduction): number[][] {
  const { standardiser, components, columns, whiten } = reduction;
  const scale = components && componentScale(components.explainedVariance, whiten);
  return Array.from({ length: classes }, (_, c) => {
    const own = weights.subarray(c * (width + 1), (c + 1) * (width + 1));
    let constant = own[width]!;
    // Over standardised columns, less their mean.
    const standardised = new Float64Array(columns);
    if (components === undefined) standardised.set(own.subarray(0, columns));
    else
      for (let k = 0; k < width; k++)
        for (let j = 0; j < columns; j++)
          standardised[j]! += (own[k]! / scale![k]!) * components.vectors[k * columns + j]!;
    const row = Array.from(standardised, (value, j) => {
      const weight = value / standardiser.scale[j]!;
      constant -= weight * standardiser.mean[j]! + value * (components?.mean[j] ?? 0);
      return weight;
    });
    return [...row, constant];
  });
}
