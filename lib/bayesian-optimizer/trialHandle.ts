import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import { spaceCoder } from './coding';
import { Operation, parameterToDistribution, valueToInternal } from './journal/records';
import type { ReplayedTrial } from './journal/replay';
import type { Parameter, Space, Value, Values, ValuesOf } from './space';
import { checkSpace, holds } from './space';
import type { Recorded, Trial } from './studyTypes';

/** What a trial's handle needs of its study. */
export interface TrialHome {
  /** The declared space; undefined when parameters are suggested as they are needed. */
  readonly space: Space | undefined;
  readonly seed: number;
  readonly objectives: number;
  /** The parameter as the study's trials have had it. */
  seen(name: string): Parameter | undefined;
  /** The trial now, and its values wished for: by whoever enqueued it, else by the sampler. */
  read(): { readonly trial: ReplayedTrial; readonly wished: Values; readonly fixed: Values };
  write(operation: number, fields: object): Recorded;
  shouldPrune(): boolean;
}

/**
 * The handle of a trial for the process that runs it.
 *
 * @throws UserError (`input`) from the handle: reports of several objectives, a parameter suggested twice with
 *   other ranges or absent from the space, steps and values that are not numbers.
 */
export function trialHandle<S extends Space>(
  { number }: ReplayedTrial,
  attempt: number,
  home: TrialHome,
): Trial<S> {
  const whole = (): void => {
    if (home.objectives > 1)
      throw inputError(
        `trial ${number}: a study of ${home.objectives} objectives has no reports and no pruning; leave them out`,
      );
  };

  const suggest = (name: string, parameter: Parameter): Value => {
    checkSpace({ [name]: parameter });
    const { trial, wished, fixed } = home.read();
    const text = parameterToDistribution(parameter);
    const known = trial.parameters[name];
    if (known !== undefined) {
      if (parameterToDistribution(known) === text) return trial.values[name]!;
      throw inputError(
        `trial ${number}: ${name} was ${parameterToDistribution(known)} and is now suggested as ${text}; use one range, or two names`,
      );
    }
    if (home.space !== undefined)
      throw inputError(
        `trial ${number}: ${name} does not exist in it (it has ${Object.keys(trial.values).join(', ')}); declare it in the space, or create the study without a space`,
      );
    checkKind(name, parameter, home.seen(name));
    const given = fixed[name];
    if (given !== undefined && !holds(parameter, given))
      throw inputError(
        `trial ${number}: ${name} was enqueued as ${JSON.stringify(given)}, outside of ${text}`,
      );
    const wish = given ?? wished[name];
    const value = wish !== undefined && holds(parameter, wish) ? wish : drawn(name, parameter);
    home.write(Operation.setTrialParameter, {
      param_name: name,
      param_value_internal: valueToInternal(parameter, value),
      distribution: text,
    });
    return value;
  };

  const drawn = (name: string, parameter: Parameter): Value => {
    const random = randomState(deriveSeed(home.seed, 'suggest', number, name));
    return spaceCoder({ [name]: parameter }).coders[0]!.fromUnit(random.double());
  };

  return {
    number,
    attempt,
    get values(): ValuesOf<S> {
      return { ...home.read().trial.values } as ValuesOf<S>;
    },
    suggestFloat: (name, min, max, options = {}) =>
      suggest(name, { type: 'float', min, max, ...options }) as number,
    suggestInt: (name, min, max, options = {}) =>
      suggest(name, { type: 'int', min, max, ...options }) as number,
    suggestCategorical: <const T extends Value>(name: string, choices: readonly T[]) =>
      suggest(name, { type: 'categorical', choices }) as T,
    report: (step, value) => {
      whole();
      if (!Number.isInteger(step) || step < 0) {
        throw inputError(`trial ${number}: report step ${step} must be a whole number from 0`);
      }
      if (!Number.isFinite(value)) {
        throw inputError(`trial ${number}: reported ${value} at step ${step}, which is not finite`);
      }
      return home.write(Operation.setTrialIntermediate, { step, intermediate_value: value });
    },
    shouldPrune: () => {
      whole();
      return home.shouldPrune();
    },
    setAttribute: (key, value) => {
      if (value === undefined) throw inputError(`trial ${number}: attribute ${key} has no value`);
      return home.write(Operation.setTrialUserAttribute, { user_attr: { [key]: value } });
    },
    setConstraint: (name, value) => {
      if (!Number.isFinite(value))
        throw inputError(`trial ${number}: constraint ${name} is ${value}, not a finite number`);
      return home.write(Operation.setTrialSystemAttribute, {
        system_attr: { [`constraints:${name}`]: value },
      });
    },
  };
}

/** A rule of the journal's format: readers refuse a parameter whose type or choices contradict earlier trials. */
function checkKind(name: string, parameter: Parameter, before: Parameter | undefined): void {
  if (before === undefined) return;
  const kind = (one: Parameter): string =>
    one.type === 'categorical' ? JSON.stringify(one.choices) : one.type;
  if (kind(before) !== kind(parameter))
    throw inputError(
      `parameter ${name}: was ${kind(before)} in earlier trials and is now ${kind(parameter)}; give it a new name or choose another study name`,
    );
}
