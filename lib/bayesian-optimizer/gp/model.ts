import type { SpaceCoder } from '../coding';
import { fitGp, startOf, type FittedGp } from './fit';
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

/** From this many trials on, when a fit takes tens of milliseconds, only the most promising one of several is finished ... */
const MANY_TRIALS = 50;
/** ... after these iterations, which nearly always tell. */
const PRELIMINARY_ITERATIONS = 10;

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
  const many = design.n >= MANY_TRIALS;
  const begin = (scale: Outcome, kind: 'smooth' | 'rough'): FittedGp =>
    fitGp(design, scale.y, startOf(design.d, kind), many ? PRELIMINARY_ITERATIONS : undefined);
  const [best] = (scales.length > 0 ? scales : [plainOutcome(losses)])
    .map((scale) => {
      const smooth = begin(scale, 'smooth');
      return { scale, smooth, evidence: smooth.logPosterior + scale.logJacobian };
    })
    .sort((a, b) => b.evidence - a.evidence);
  const { scale, smooth } = best!;
  const rough = begin(scale, 'rough');
  const gp = rough.logPosterior > smooth.logPosterior ? rough : smooth;
  return { ...scale, gp: many ? fitGp(design, scale.y, gp.theta) : gp };
}
