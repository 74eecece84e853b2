import { pythonRandom, randomState } from 'research-basics/random/mt19937';
import { isotropicFit, lowerBoundMinimum } from '../gp/isotropic';
import type { ProposalContext, Sampler, TrialRecord } from '../sampler';
import type { Parameter, Space, Value, Values } from '../space';
import { activeValues, configurationKey } from '../space';

export interface KerasTunerSamplerOptions {
  readonly name: 'keras-tuner';
  /** Random trials before the Gaussian process. Default 10. */
  readonly initialTrials?: number;
}

/** Kept with each trial: what the rule needs to continue from any process. */
interface KerasTunerState {
  /** All registered parameters, existing or not. */
  readonly all: Values;
  /** Seed of the next random draw. */
  readonly seedState: number;
  /** Uniform numbers taken so far for acquisition starts. */
  readonly drawn: number;
  /** The lower bound found, for a proposal of the model. */
  readonly acquisition?: number;
}

const maxCollisions = 20;
const starts = 50;

/** Places of a parameter on the unit interval, as keras-tuner 1.4.7 codes them. */
export function kerasTunerCode(p: Parameter): {
  toProbability(value: Value): number;
  toValue(probability: number): Value;
} {
  if (p.type === 'categorical' || (p.type === 'int' && p.scale !== 'log') || p.step !== undefined) {
    const step = p.type === 'categorical' ? 1 : (p.step ?? 1);
    const size = p.type === 'categorical' ? p.choices.length : Math.round((p.max - p.min) / step) + 1;
    return {
      toProbability: (value) => {
        const index =
          p.type === 'categorical' ? p.choices.indexOf(value) : Math.round((+value - p.min) / step);
        return (index + 0.5) / size;
      },
      toValue: (probability) => {
        const index = Math.min(Math.floor(probability / (1 / size)), size - 1);
        return p.type === 'categorical' ? p.choices[index]! : p.min + index * step;
      },
    };
  }
  const { min } = p;
  // Whole numbers on a log scale are drawn up to max + 1 and cut down, and coded at their middle.
  const [max, shift] = p.type === 'int' ? [p.max + 1, 0.5] : [p.max, 0];
  const whole = (value: number): number => (p.type === 'int' ? Math.min(Math.trunc(value), p.max) : value);
  return p.scale === 'log'
    ? {
        toProbability: (value) =>
          max === min ? 0.5 : Math.log((+value + shift) / min) / Math.log(max / min),
        toValue: (probability) => whole(min * Math.pow(max / min, probability)),
      }
    : {
        toProbability: (value) => (max === min ? 0.5 : (+value - min) / (max - min)),
        toValue: (probability) => probability * (max - min) + min,
      };
}

function defaultOf(p: Parameter): Value {
  return p.type === 'categorical' ? p.choices[0]! : p.min;
}

/**
 * Parameters known after a trial: those without a condition at once, the others in the order in which a
 * trial's values first met their condition. Once known they are sampled in every trial.
 */
function registeredAfter(space: Space, trials: readonly TrialRecord[]): string[] {
  const known = Object.keys(space).filter((name) => !space[name]!.when);
  for (const { values } of trials) {
    for (const name of Object.keys(values)) if (!known.includes(name)) known.push(name);
  }
  return known;
}

/** Adds the parameters that these values bring into being, at their defaults. */
function withNewcomers(space: Space, all: Values): Values {
  const grown: Record<string, Value> = { ...all };
  for (const [name, parameter] of Object.entries(space)) {
    if (name in grown) continue;
    const filled = { ...grown, [name]: defaultOf(parameter) };
    if (name in activeValues(space, filled)) grown[name] = filled[name]!;
  }
  return grown;
}

/**
 * The rule of keras-tuner 1.4.7's BayesianOptimization. Random configurations
 * from Python's generator seeded again for each parameter; then a Gaussian process with one shared Matern
 * 5/2 length scale, and the lowest point of mean - 2.6 sd over 50 starts. No rounding before scoring, no
 * duplicate check, conditional parameters sampled whether or not they exist: reproduced, not recommended.
 *
 * With pending trials (keras-tuner run in one process has none) the rule's pessimistic guess, mean + sd, is taken
 * from a fit to the complete trials.
 */
export function kerasTunerSampler({
  initialTrials = 10,
}: Omit<KerasTunerSamplerOptions, 'name'> = {}): Sampler {
  return {
    name: 'keras-tuner',
    propose: (context) => {
      const { trials, studySeed, coder } = context;
      const state = stateAfter(trials, studySeed);
      const names = registeredAfter(coder.space, trials);
      const completed = trials.filter((trial) => trial.state === 'complete').length;
      if (completed < initialTrials) return proposeRandom(context, names, state);
      const { all, drawn, acquisition } = proposeByModel(context, names, state.drawn);
      const { values, state: next } = finish(coder.space, all, { seedState: state.seedState, drawn });
      return { values, state: { ...next, acquisition } };
    },
  };
}

function stateAfter(trials: readonly TrialRecord[], seed: number): { seedState: number; drawn: number } {
  for (let i = trials.length - 1; i >= 0; i--) {
    const state = trials[i]!.samplerState as KerasTunerState | undefined;
    if (state && typeof state.seedState === 'number') return state;
  }
  return { seedState: seed, drawn: 0 };
}

function finish(
  space: Space,
  all: Values,
  { seedState, drawn }: { seedState: number; drawn: number },
): { values: Values; state: KerasTunerState } {
  const complete = withNewcomers(space, all);
  return { values: activeValues(space, complete), state: { all: complete, seedState, drawn } };
}

function allOf(trial: TrialRecord): Values {
  return (trial.samplerState as KerasTunerState | undefined)?.all ?? trial.values;
}

function proposeRandom(
  { coder: { space }, trials }: ProposalContext,
  names: readonly string[],
  { seedState, drawn }: { seedState: number; drawn: number },
): { values: Values; state: KerasTunerState } | undefined {
  const tried = new Set(trials.map((trial) => configurationKey(space, allOf(trial))));
  for (let collisions = 0; collisions <= maxCollisions; collisions++) {
    const all: Record<string, Value> = {};
    for (const name of names) {
      all[name] = kerasTunerCode(space[name]!).toValue(pythonRandom(seedState++).double());
    }
    if (!tried.has(configurationKey(space, all))) return finish(space, all, { seedState, drawn });
  }
  return undefined;
}

/** The Gaussian-process proposal in the unit cube, decoded; `drawn` counts the uniform numbers used so far. */
function proposeByModel(
  { coder: { space }, trials, direction, studySeed }: ProposalContext,
  names: readonly string[],
  drawn: number,
): { all: Values; drawn: number; acquisition: number } {
  const codes = names.map((name) => kerasTunerCode(space[name]!));
  const vector = (trial: TrialRecord): Float64Array => {
    const all = allOf(trial);
    return Float64Array.from(names, (name, i) =>
      codes[i]!.toProbability(all[name] ?? defaultOf(space[name]!)),
    );
  };
  const sign = direction === 'maximize' ? -1 : 1;
  const complete = trials.filter((trial) => trial.state === 'complete');
  let model = isotropicFit(
    complete.map(vector),
    complete.map((t) => sign * t.value!),
    studySeed,
  );
  const used = trials.filter((t) => ['complete', 'running', 'waiting'].includes(t.state));
  if (used.length > complete.length) {
    const firstModel = model;
    const guesses = used.map((trial) => {
      if (trial.state === 'complete') return sign * trial.value!;
      const { mean, deviation } = firstModel.predict(vector(trial));
      return mean + deviation;
    });
    model = isotropicFit(used.map(vector), guesses, studySeed);
  }
  const random = randomState(studySeed);
  for (let i = 0; i < drawn; i++) random.double();
  const seeds = Array.from({ length: starts }, () => random.uniform(0, 1, names.length));
  const { x, value: acquisition } = lowerBoundMinimum(model, seeds);
  return {
    all: Object.fromEntries(names.map((name, i) => [name, codes[i]!.toValue(x[i]!)])),
    drawn: drawn + starts * names.length,
    acquisition,
  };
}
