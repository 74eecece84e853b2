import { inputError } from 'research-basics/errors';
import { canonicalJson } from 'research-basics/canonicalJson';
import type { Direction } from './journal/records';
import { parameterToDistribution, stateCodes, timeText, valueToInternal } from './journal/records';
import type { ReplayedStudy, ReplayedTrial } from './journal/replay';
import { isFeasible } from './objectives';
import type { Proposal, TrialRecord } from './sampler';
import type { Space, Values } from './space';

/** Prefix of system attributes of studies that name none. */
const defaultNamespace = 'bayesian-optimizer';

/** What a study keeps in its system attribute `<namespace>:study`; the space is empty when none was declared. */
interface StudyAttribute {
  readonly seed: number;
  readonly space: Space;
}

/** System attributes of one namespace: other programs that share the journal (Optuna) keep theirs beside them. */
export interface AttributeKeys {
  readonly study: string;
  readonly sampler: string;
  readonly samplerState: string;
  readonly restarts: string;
  /** What the sampler proposed for a trial whose parameters are named as they are needed. */
  readonly proposal: string;
}

/** Values that a trial was enqueued with, by Optuna or here. */
export const fixedKey = 'fixed_params';

/** The keys of a recorded study, whose namespace stays as it was created, or of a new one. */
export function attributeKeys(study: ReplayedStudy, namespace = defaultNamespace): AttributeKeys {
  const suffix = ':study';
  const recorded = Object.entries(study.systemAttributes).find(
    ([key, value]) => key.endsWith(suffix) && typeof value === 'object' && value !== null && 'space' in value,
  );
  const prefix = recorded === undefined ? namespace : recorded[0].slice(0, -suffix.length);
  return {
    study: `${prefix}:study`,
    sampler: `${prefix}:sampler`,
    samplerState: `${prefix}:sampler-state`,
    restarts: `${prefix}:restarts`,
    proposal: `${prefix}:proposal`,
  };
}

/** What a trial looks like from outside. */
export function toTrialRecord(trial: ReplayedTrial, keys: AttributeKeys): TrialRecord {
  const system = trial.systemAttributes;
  const { failure, ...attributes } = trial.userAttributes;
  return {
    number: trial.number,
    state: trial.state,
    values: { ...trial.values },
    value:
      (trial.state === 'complete' || trial.state === 'pruned') && trial.results.length === 1
        ? trial.results[0]
        : undefined,
    objectives: trial.state === 'complete' ? trial.results : [],
    constraints: constraintsOf(system),
    reports: new Map([...trial.intermediate].sort((a, b) => a[0] - b[0])),
    attributes,
    failure: trial.state === 'failed' ? ((failure as string | undefined) ?? 'it failed') : undefined,
    attempts: 1 + ((system[keys.restarts] as number | undefined) ?? 0),
    worker: trial.owner,
    samplerState: system[keys.samplerState],
    startedAt: trial.startedAt,
    finishedAt: trial.finishedAt,
  };
}

/** Constraints as Optuna records them: one attribute each, or (before its release 5) a list. */
function constraintsOf(system: Readonly<Record<string, unknown>>): Record<string, number> {
  const prefix = 'constraints:';
  const listed = (system['constraints'] ?? []) as readonly number[];
  return Object.fromEntries([
    ...listed.map((value, i) => [String(i), Number(value)] as const),
    ...Object.entries(system).flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), Number(value)] as const] : [],
    ),
  ]);
}

/** The complete, feasible trial with the best value, the earliest of equals. */
export function bestOf(trials: readonly TrialRecord[], direction: Direction): TrialRecord | undefined {
  const sign = direction === 'maximize' ? -1 : 1;
  let best: TrialRecord | undefined;
  for (const trial of trials) {
    if (trial.state !== 'complete' || trial.value === undefined || !isFeasible(trial)) continue;
    if (!best || sign * trial.value < sign * best.value!) best = trial;
  }
  return best;
}

/** The one record that makes a trial, with all its values: a crash leaves the whole trial or none of it. */
export function createdTrialRecord(
  studyId: number,
  space: Space,
  sampler: string,
  proposal: Proposal,
  keys: AttributeKeys,
): Record<string, unknown> {
  const declared = Object.keys(space).length > 0;
  const names = declared ? Object.keys(proposal.values) : [];
  return {
    study_id: studyId,
    datetime_start: timeText(new Date()),
    state: stateCodes.running,
    value: null,
    values: null,
    distributions: Object.fromEntries(names.map((name) => [name, parameterToDistribution(space[name]!)])),
    params: Object.fromEntries(
      names.map((name) => [name, valueToInternal(space[name]!, proposal.values[name]!)]),
    ),
    user_attrs: {},
    system_attrs: {
      [keys.sampler]: sampler,
      ...(declared ? {} : { [keys.proposal]: proposal.values }),
      ...(proposal.state === undefined ? {} : { [keys.samplerState]: proposal.state }),
    },
    intermediate_values: {},
  };
}

/** The fields of the records that give a trial its parameters one by one. */
export function parameterRecords(space: Space, values: Values): object[] {
  return Object.entries(values).map(([name, value]) => ({
    param_name: name,
    param_value_internal: valueToInternal(space[name]!, value),
    distribution: parameterToDistribution(space[name]!),
  }));
}

function describe(parameter: unknown): string {
  return parameter === undefined ? 'absent' : JSON.stringify(parameter);
}

/**
 * Compares a study as asked for with the study as recorded.
 *
 * @param space undefined for the recorded one.
 * @returns the space and seed to use and the study attributes to add.
 * @throws UserError (`input`) when the seed differs, or the space does and may not be adopted.
 */
export function reconcileSpace(
  study: ReplayedStudy,
  wanted: Space | undefined,
  seed: number | undefined,
  spaceChange: 'refuse' | 'adopt',
  keys: AttributeKeys,
): StudyAttribute & { attributes: Record<string, unknown>[] } {
  const recorded = study.systemAttributes[keys.study] as StudyAttribute | undefined;
  const space = wanted ?? recorded?.space ?? {};
  if (!recorded) {
    const fresh: StudyAttribute = { seed: seed ?? 1, space };
    return { ...fresh, attributes: [{ [keys.study]: fresh }] };
  }
  if (seed !== undefined && seed !== recorded.seed) {
    throw inputError(
      `study ${study.name}: recorded with seed ${recorded.seed}, not ${seed}; leave the seed out or choose another study name`,
    );
  }
  const names = new Set([...Object.keys(recorded.space), ...Object.keys(space)]);
  const changed = [...names].filter(
    (name) => canonicalJson(recorded.space[name] ?? null) !== canonicalJson(space[name] ?? null),
  );
  if (changed.length === 0) return { ...recorded, attributes: [] };
  const name = changed[0]!;
  const difference = `parameter ${name} was ${describe(recorded.space[name])} and is now ${describe(space[name])}`;
  if (spaceChange === 'refuse') {
    throw inputError(
      `study ${study.name}: recorded with another space (${difference}${changed.length > 1 ? `; ${changed.length - 1} more differ` : ''}); restore it, choose another study name, or adopt the new space`,
    );
  }
  for (const key of changed) {
    const before = recorded.space[key];
    const after = space[key];
    const sameKind =
      !before ||
      !after ||
      (before.type === after.type &&
        (before.type !== 'categorical' ||
          after.type !== 'categorical' ||
          canonicalJson(before.choices) === canonicalJson(after.choices)));
    // A rule of the journal's format: readers drop trials whose type or choices contradict earlier ones.
    if (!sameKind) {
      throw inputError(
        `study ${study.name}: the type or choices of parameter ${key} cannot change inside a study; give it a new name or choose another study name`,
      );
    }
  }
  const adopted: StudyAttribute = { seed: recorded.seed, space };
  return { ...adopted, attributes: [{ [keys.study]: adopted }] };
}

/** Values wished for a trial whose parameters are named as they are needed: those enqueued, else the sampler's. */
export function wishesOf(trial: ReplayedTrial, keys: AttributeKeys): { fixed: Values; wished: Values } {
  const { [fixedKey]: fixed = {}, [keys.proposal]: wished = {} } = trial.systemAttributes;
  return { fixed: fixed as Values, wished: wished as Values };
}
