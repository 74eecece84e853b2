import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import type { SpaceCoder } from '../coding';
import { logExpectedImprovement } from '../gp/acquisition';
import { conditionGp } from '../gp/fit';
import { designOf, fitOutcome } from '../gp/model';
import { absentUnit, modelColumns, optimiseAcquisition, unitsToRow } from '../gp/optimise';
import { scaleToUnit } from '../gp/outcome';
import type { ProposalContext, Sampler, TrialRecord } from '../sampler';
import type { Values } from '../space';
import { configurationKey } from '../space';
import { lossesOf, representatives } from './losses';
import { drawUntried, triedKeys } from './random';
import { sobolProposal } from './sobol';

export interface GpSamplerOptions {
  readonly name: 'gp';
  /** Space-filling trials before the model. Default: one more than the parameters, within 5 .. 10. */
  readonly startupTrials?: number;
  /** The scale of the losses: `plain`, `log` (compresses bad ones), or the likelier of the two (`auto`, default). */
  readonly outcome?: 'auto' | 'plain' | 'log';
}

/**
 * Gaussian process with a Matern 5/2 kernel and a length scale for each parameter, a quadratic trend in each
 * parameter, and noise (log-normal priors on all, maximum a posteriori), maximising log augmented expected
 * improvement with analytic gradients.
 *
 * - the trend learns from few trials in many dimensions which way to go in each parameter, however the rest of
 *   the loss varies; where there is none, its inferred weight is small
 * - whole numbers and choices are scored where they can be run; choices differ or not, without order
 * - parameters that do not exist count as the middle of their range
 * - a configuration is proposed once; pending trials count as observed at their predicted mean
 * - of more than 140 trials the model sees a selection (the best, the newest, and others of every quality), which bounds
 *   the time and memory of a proposal
 *
 * Sources: Snoek et al. 2012; Ament et al. 2023 (log EI); Huang et al. 2006 (augmented EI); Hvarfner et al.
 * 2024 (priors); Blight and Ott 1975, Duvenaud et al. 2011 (additive trend).
 */
export function gpSampler(options: Omit<GpSamplerOptions, 'name'> = {}): Sampler {
  return {
    name: 'gp',
    propose: (context) => {
      const { coder, trials } = context;
      const columns = modelColumns(coder);
      const startup = options.startupTrials ?? Math.min(10, Math.max(5, columns.length + 1));
      const known = trials.filter((t) => t.state === 'complete').length;
      const values =
        known < Math.max(2, startup) || columns.length === 0
          ? sobolProposal(context)
          : proposeByModel(context, columns, options.outcome ?? 'auto');
      return values && { values };
    },
  };
}

/** A proposal takes the time of the cube of the trials that the model sees, and of their square times the dimensions. */
const mostTrials = 140;

function rowsOf(
  coder: SpaceCoder,
  columns: readonly number[],
  trials: readonly TrialRecord[],
): Float64Array[] {
  return trials.map((trial) => unitsToRow(coder, columns, coder.encode(trial.values, absentUnit)));
}

function proposeByModel(
  context: ProposalContext,
  columns: readonly number[],
  outcome: 'auto' | 'plain' | 'log',
): Values | undefined {
  const { coder, trials, direction, studySeed, trialNumber } = context;
  const seed = deriveSeed(studySeed, 'gp', trialNumber);
  const random = randomState(seed);
  const { trials: observed, losses } = representatives(lossesOf(trials, direction), mostTrials);
  const rows = rowsOf(coder, columns, observed);
  const pending = rowsOf(
    coder,
    columns,
    trials.filter((t) => t.state === 'running' || t.state === 'waiting'),
  );

  const fitted = fitOutcome(designOf(coder, columns, rows), scaleToUnit(losses), outcome);
  const { y } = fitted;
  let { gp } = fitted;
  const { predict } = logExpectedImprovement(gp, 0);
  // Under noise the lowest observation is partly luck: the lowest predicted mean is the incumbent.
  const smoothed = rows.map((row) => predict(row).mean);
  const incumbent = smoothed.reduce((low, m) => Math.min(low, m), Infinity);
  if (pending.length > 0) {
    const guesses = pending.map((row) => predict(row).mean);
    gp = conditionGp(
      designOf(coder, columns, [...rows, ...pending]),
      Float64Array.from([...y, ...guesses]),
      gp.theta,
    );
  }
  const order = [...smoothed.keys()].sort((a, b) => smoothed[a]! - smoothed[b]!).slice(0, 5);
  const candidates = optimiseAcquisition({
    coder,
    acquisition: logExpectedImprovement(gp, incumbent),
    random,
    seed,
    incumbents: order.map((i) => latentUnits(coder, observed[i]!.values, random)),
    lengthScales: gp.parameters.lengthScales,
  });
  const tried = triedKeys(context);
  for (const { units } of candidates) {
    const values = coder.decode(units);
    if (!tried.has(configurationKey(coder.space, values))) return values;
  }
  return drawUntried(context, () => random.uniform(0, 1, coder.coders.length), random.double);
}

/** Full units of a trial; parameters it does not have get a random place, for moves that bring them into being. */
function latentUnits(coder: SpaceCoder, values: Values, random: { double(): number }): Float64Array {
  const units = coder.encode(values, NaN);
  coder.coders.forEach((one, i) => {
    if (Number.isNaN(units[i]!)) units[i] = one.toUnit(one.fromUnit(random.double()));
  });
  return units;
}
