import type { Parameter, Value } from '../space';
import type { Direction, JournalRecord, TrialState } from './records';
import { directionCodes, distributionToParameter, internalToValue, Operation, stateNames } from './records';

/** A trial as the journal tells it. Times are milliseconds since 1970. */
export interface ReplayedTrial {
  readonly id: number;
  readonly number: number;
  state: TrialState;
  /** The worker that runs or ran it: whoever created it running, or took it up when it was waiting. */
  owner: string;
  readonly values: Record<string, Value>;
  readonly parameters: Record<string, Parameter>;
  /** One value per objective; of a pruned trial its last report; empty where there is none. */
  results: readonly number[];
  readonly intermediate: Map<number, number>;
  readonly userAttributes: Record<string, unknown>;
  readonly systemAttributes: Record<string, unknown>;
  startedAt: number | undefined;
  finishedAt: number | undefined;
}

export interface ReplayedStudy {
  readonly id: number;
  readonly name: string;
  readonly directions: readonly Direction[];
  readonly userAttributes: Record<string, unknown>;
  readonly systemAttributes: Record<string, unknown>;
  readonly trials: ReplayedTrial[];
}

/** The state of a journal after the records applied so far. */
export interface Replay {
  apply(records: readonly JournalRecord[]): void;
  studyNamed(name: string): ReplayedStudy | undefined;
  studyNames(): string[];
}

const finished = (state: TrialState): boolean =>
  state === 'complete' || state === 'pruned' || state === 'failed';

function timeOf(text: unknown): number | undefined {
  return typeof text === 'string' ? Date.parse(text) : undefined;
}

/**
 * An empty replay. The rules are the format's own: of two records that claim the same thing the first
 * wins, and a finished trial never changes, so that every process reads the same history.
 */
export function createReplay(): Replay {
  const studies = new Map<number, ReplayedStudy>();
  const trials: { trial: ReplayedTrial; study: ReplayedStudy | undefined }[] = [];
  let nextStudy = 0;

  const createTrial = (r: JournalRecord): void => {
    const study = studies.get(r['study_id'] as number);
    if (!study) return;
    const parameters = Object.fromEntries(
      Object.entries((r['distributions'] ?? {}) as Record<string, string>).map(([name, text]) => [
        name,
        distributionToParameter(text),
      ]),
    );
    const internal = (r['params'] ?? {}) as Record<string, number>;
    const value = r['value'] as number | null | undefined;
    const results = (r['values'] as number[] | null | undefined) ?? (value == null ? [] : [value]);
    const trial: ReplayedTrial = {
      id: trials.length,
      number: study.trials.length,
      state: stateNames[(r['state'] as number | undefined) ?? 0]!,
      owner: r.worker_id,
      values: Object.fromEntries(
        Object.entries(internal).map(([name, x]) => [name, internalToValue(parameters[name]!, Number(x))]),
      ),
      parameters,
      results: results.map(Number),
      intermediate: new Map(
        Object.entries((r['intermediate_values'] ?? {}) as Record<string, number>).map(([step, x]) => [
          Number(step),
          Number(x),
        ]),
      ),
      userAttributes: { ...(r['user_attrs'] as object | undefined) },
      systemAttributes: { ...(r['system_attrs'] as object | undefined) },
      startedAt: timeOf(r['datetime_start']),
      finishedAt: timeOf(r['datetime_complete']),
    };
    trials.push({ trial, study });
    study.trials.push(trial);
  };

  const setState = (trial: ReplayedTrial, r: JournalRecord): void => {
    const state = stateNames[r['state'] as number]!;
    if (state === 'running') {
      if (trial.state === 'running') return;
      trial.owner = r.worker_id;
      trial.startedAt = timeOf(r['datetime_start']);
    }
    // The next attempt starts from the beginning, and is not to be compared at the steps of this one.
    if (state === 'waiting') trial.intermediate.clear();
    trial.state = state;
    const values = r['values'] as number[] | null | undefined;
    if (values != null) trial.results = values.map(Number);
    if (finished(state)) trial.finishedAt = timeOf(r['datetime_complete']);
  };

  const applyToTrial = (r: JournalRecord): void => {
    const trial = trials[r['trial_id'] as number]?.trial;
    if (!trial || finished(trial.state)) return;
    switch (r.op_code) {
      case Operation.setTrialParameter: {
        const name = r['param_name'] as string;
        const parameter = distributionToParameter(r['distribution'] as string);
        trial.parameters[name] = parameter;
        trial.values[name] = internalToValue(parameter, Number(r['param_value_internal']));
        return;
      }
      case Operation.setTrialState:
        return setState(trial, r);
      case Operation.setTrialIntermediate:
        trial.intermediate.set(Number(r['step']), Number(r['intermediate_value']));
        return;
      case Operation.setTrialUserAttribute:
        Object.assign(trial.userAttributes, r['user_attr']);
        return;
      case Operation.setTrialSystemAttribute:
        Object.assign(trial.systemAttributes, r['system_attr']);
        return;
    }
  };

  const applyOne = (r: JournalRecord): void => {
    switch (r.op_code) {
      case Operation.createStudy: {
        const name = r['study_name'] as string;
        if ([...studies.values()].some((study) => study.name === name)) return;
        const directions = r['directions'] as number[];
        studies.set(nextStudy, {
          id: nextStudy,
          name,
          directions: directions.map((code) => (code === directionCodes.maximize ? 'maximize' : 'minimize')),
          userAttributes: {},
          systemAttributes: {},
          trials: [],
        });
        nextStudy++;
        return;
      }
      case Operation.deleteStudy:
        studies.delete(r['study_id'] as number);
        return;
      case Operation.setStudyUserAttribute:
        Object.assign(studies.get(r['study_id'] as number)?.userAttributes ?? {}, r['user_attr']);
        return;
      case Operation.setStudySystemAttribute:
        Object.assign(studies.get(r['study_id'] as number)?.systemAttributes ?? {}, r['system_attr']);
        return;
      case Operation.createTrial:
        return createTrial(r);
      default:
        return applyToTrial(r);
    }
  };

  return {
    apply: (records) => records.forEach(applyOne),
    studyNamed: (name) => [...studies.values()].find((study) => study.name === name),
    studyNames: () => [...studies.values()].map((study) => study.name),
  };
}
