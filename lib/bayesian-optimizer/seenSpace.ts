import type { ReplayedTrial } from './journal/replay';
import type { TrialRecord } from './sampler';
import type { Condition, Parameter, Space, Value } from './space';
import { holds } from './space';
import { toTrialRecord, wishesOf, type AttributeKeys } from './studyRecords';

/*
 * The space of a study that declares none: what its trials have asked for so far.
 */

/** Every parameter that trials have had, in the order of its first appearance, as it was last suggested. */
export function seenParameters(trials: readonly ReplayedTrial[]): Record<string, Parameter> {
  const space: Record<string, Parameter> = {};
  for (const { parameters } of trials) Object.assign(space, parameters);
  return space;
}

/**
 * The parameters of `seenParameters`, with a condition where one earlier parameter tells in all complete trials whether
 * a later one existed. Without it a model would search the later parameter also where it makes no difference.
 */
export function seenSpace(trials: readonly ReplayedTrial[]): Space {
  const space = seenParameters(trials);
  const complete = trials.filter(({ state }) => state === 'complete');
  const names = Object.keys(space);
  return Object.fromEntries(
    names.map((name, i) => {
      const parameter = space[name]!;
      const [having, lacking] = [true, false].map((has) =>
        complete.filter(({ values }) => (values[name] !== undefined) === has),
      );
      if (having!.length === 0 || lacking!.length === 0) return [name, parameter];
      for (const parent of names.slice(0, i)) {
        const when = conditionOf(parent, space[parent]!, having!, lacking!);
        if (when !== undefined) return [name, { ...parameter, when }];
      }
      return [name, parameter];
    }),
  );
}

/** The condition on `parent` that holds for the trials `having` a parameter and for none of those `lacking` it. */
function conditionOf(
  parent: string,
  parameter: Parameter,
  having: readonly ReplayedTrial[],
  lacking: readonly ReplayedTrial[],
): Condition | undefined {
  const valuesOf = (trials: readonly ReplayedTrial[]): (Value | undefined)[] => [
    ...new Set(trials.map(({ values }) => values[parent])),
  ];
  const [present, absent] = [valuesOf(having), valuesOf(lacking)];
  if (present.includes(undefined) || present.some((value) => absent.includes(value))) return undefined;
  if (parameter.type === 'categorical') return { parameter: parent, in: present as Value[] };
  const least = Math.min(...present.map(Number));
  if (absent.every((value) => value === undefined || Number(value) < least))
    return { parameter: parent, atLeast: least };
  return parameter.type === 'int' ? { parameter: parent, in: present as Value[] } : undefined;
}

/** A trial as a sampler sees it that searches the parameters seen so far: of one in progress also what is to come. */
export function toSeenRecord(trial: ReplayedTrial, space: Space, keys: AttributeKeys): TrialRecord {
  const pending = trial.state === 'running' || trial.state === 'waiting';
  const { fixed, wished } = wishesOf(trial, keys);
  const all: Record<string, Value> = { ...(pending ? { ...wished, ...fixed } : {}), ...trial.values };
  const values = Object.fromEntries(
    Object.entries(space).flatMap(([name, parameter]) => {
      const value = all[name];
      return value !== undefined && holds(parameter, value) ? [[name, value]] : [];
    }),
  );
  return { ...toTrialRecord(trial, keys), values };
}
