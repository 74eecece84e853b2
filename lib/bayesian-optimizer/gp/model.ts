import type { SpaceCoder } from '../coding';
import { fitGp, type FittedGp } from './fit';
import { logOutcome, plainOutcome, type Outcome } from './outcome';

/** Configurations as the process sees them, from rows of their units. */
export function designOf(
  coder: SpaceCoder,
  columns: readonly number[],
  rows: readonly Float64Array[],
): FittedGp['design'] {
  const d = columns.length;
  const x = new Float64Array(rows.length * d);
  rows.forEach((row, i) => x.set(row, i * d));
  return { n: rows.length, d, x, categorical: columns.map((i) => coder.coders[i]!.kind === 'categorical') };
}

/** The model on the scale asked for, or on the one under which the losses are more probable. */
export function fitOutcome(
  design: FittedGp['design'],
  losses: Float64Array,
  outcome: 'auto' | 'plain' | 'log',
): Outcome & { readonly gp: FittedGp } {
  const scales = [
    outcome === 'log' ? undefined : plainOutcome(losses),
    outcome === 'plain' ? undefined : logOutcome(losses),
  ].filter((scale) => scale !== undefined);
  const [best] = (scales.length > 0 ? scales : [plainOutcome(losses)])
    .map((scale) => {
      const gp = fitGp(design, scale.y, 'smooth');
      return { scale, gp, evidence: gp.logPosterior + scale.logJacobian };
    })
    .sort((a, b) => b.evidence - a.evidence);
  const { scale, gp } = best!;
  const rough = fitGp(design, scale.y, 'rough');
  return { ...scale, gp: rough.logPosterior > gp.logPosterior ? rough : gp };
}
