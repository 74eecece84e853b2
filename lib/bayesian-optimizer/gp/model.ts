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
/** ... and found on this many of them, evenly spread in order of loss, ... */
const PRELIMINARY_TRIALS = 48;
/** ... after these iterations, which nearly always tell. */
const PRELIMINARY_ITERATIONS = 10;

interface FittedOutcome extends Outcome {
  readonly gp: FittedGp;
}

/** The model on the scale asked for, or on the one under which the losses are more probable. */
export function fitOutcome(
  design: FittedGp['design'],
  losses: Float64Array,
  outcome: 'auto' | 'plain' | 'log',
): FittedOutcome {
  if (design.n < MANY_TRIALS) return likeliestFit(design, losses, outcome).fitted;
  const few = spreadByLoss(losses, PRELIMINARY_TRIALS);
  const { kind, fitted } = likeliestFit(
    rowsOf(design, few),
    Float64Array.from(few, (i) => losses[i]!),
    outcome,
    PRELIMINARY_ITERATIONS,
  );
  const scale = (kind === 'log' ? logOutcome(losses) : undefined) ?? plainOutcome(losses);
  return { ...scale, gp: fitGp(design, scale.y, fitted.gp.theta) };
}

/** The likelier of the scales that are allowed, and on it of two starts. */
function likeliestFit(
  design: FittedGp['design'],
  losses: Float64Array,
  outcome: 'auto' | 'plain' | 'log',
  iterations?: number,
): { kind: 'plain' | 'log'; fitted: FittedOutcome } {
  const plain = { kind: 'plain' as const, scale: plainOutcome(losses) };
  const log = outcome === 'plain' ? undefined : logOutcome(losses);
  const scales = [
    ...(outcome === 'log' && log !== undefined ? [] : [plain]),
    ...(log === undefined ? [] : [{ kind: 'log' as const, scale: log }]),
  ];
  const begin = (scale: Outcome, start: 'smooth' | 'rough'): FittedGp =>
    fitGp(design, scale.y, startOf(design.d, start), iterations);
  const [best] = scales
    .map(({ kind, scale }) => {
      const smooth = begin(scale, 'smooth');
      return { kind, scale, smooth, evidence: smooth.logPosterior + scale.logJacobian };
    })
    .sort((a, b) => b.evidence - a.evidence);
  const { kind, scale, smooth } = best!;
  const rough = begin(scale, 'rough');
  return { kind, fitted: { ...scale, gp: rough.logPosterior > smooth.logPosterior ? rough : smooth } };
}

/** Numbers of `count` trials, evenly spread in order of loss, rising. */
function spreadByLoss(losses: Float64Array, count: number): number[] {
  const byLoss = [...losses.keys()].sort((a, b) => losses[a]! - losses[b]! || a - b);
  const step = (byLoss.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, k) => byLoss[Math.round(k * step)]!).sort((a, b) => a - b);
}

function rowsOf({ d, x, categorical }: FittedGp['design'], rows: readonly number[]): FittedGp['design'] {
  const own = new Float64Array(rows.length * d);
  rows.forEach((row, i) => own.set(x.subarray(row * d, (row + 1) * d), i * d));
  return { n: rows.length, d, x: own, categorical };
}
