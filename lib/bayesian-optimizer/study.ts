import { inputError } from 'research-basics/errors';
import { spaceCoder } from './coding';
import type { JournalRecord } from './journal/records';
import { Operation, stateCodes, timeText } from './journal/records';
import type { ReplayedStudy, ReplayedTrial } from './journal/replay';
import { paretoFront } from './objectives';
import { proposer } from './proposals';
import { createPruner } from './pruners';
import type { TrialRecord } from './sampler';
import { createSampler } from './samplers';
import type { Space, Value } from './space';
import { configurationKey, isConfiguration } from './space';
import { canonicalJson } from 'research-basics/canonicalJson';
import {
  bestOf,
  createdTrialRecord,
  parameterRecords,
  fixedKey,
  toTrialRecord,
  wishesOf,
} from './studyRecords';
import { openLog, type StudyHome } from './studyLog';
import { seenParameters } from './seenSpace';
import type { Study, StudyOptions, Trial } from './studyTypes';
import { trialHandle } from './trialHandle';

/**
 * Opens a study in its journal; see `createStudy`.
 *
 * @throws UserError (`input`) from the study, for a trial that it does not hold.
 */
export function openStudy<const S extends Space>(options: StudyOptions<S>, home: StudyHome): Study<S> {
  const { name, maxRestarts = 3 } = options;
  const { journal, worker, isAlive } = home;
  const { record, sync, seed, keys, space, directions } = openLog(options, home);
  const sampler = createSampler(options.sampler ?? 'gp');
  const pruner = createPruner(options.pruner ?? 'none');
  const direction = directions[0]!;
  const isOpen = Object.keys(space).length === 0;
  const propose = proposer({ space, coder: spaceCoder(space), sampler, directions, seed, keys });

  const recordsOf = (study: ReplayedStudy): TrialRecord[] =>
    study.trials.map((trial) => toTrialRecord(trial, keys));
  const attributeRecord = (id: number, key: string, value: unknown): JournalRecord =>
    record(Operation.setTrialUserAttribute, { trial_id: id, user_attr: { [key]: value } });
  const endRecord = (id: number, state: number, values: readonly number[] | null): JournalRecord =>
    record(Operation.setTrialState, {
      trial_id: id,
      state,
      values,
      datetime_complete: timeText(new Date()),
    });
  const failRecords = (id: number, sentence: string): JournalRecord[] => [
    attributeRecord(id, 'failure', sentence),
    endRecord(id, stateCodes.failed, null),
  ];

  const waitingRecord = (id: number): JournalRecord =>
    record(Operation.setTrialState, { trial_id: id, state: stateCodes.waiting, values: null });

  /** Puts trials of dead workers back in line, or fails those that died too often. */
  const releaseOrphans = (study: ReplayedStudy): void => {
    const records = study.trials.flatMap((trial) => {
      if (trial.state !== 'running' || isAlive(trial.owner)) return [];
      const restarts = toTrialRecord(trial, keys).attempts;
      if (restarts > maxRestarts) {
        return failRecords(trial.id, `its process died ${restarts} times; see whether it runs out of memory`);
      }
      return [
        record(Operation.setTrialSystemAttribute, {
          trial_id: trial.id,
          system_attr: { [keys.restarts]: restarts },
        }),
        waitingRecord(trial.id),
      ];
    });
    if (records.length > 0) journal.append(records);
  };

  /** Completes a waiting trial that gives only some of its parameters, as Optuna's `enqueue_trial` does. */
  const complete = (study: ReplayedStudy, trial: ReplayedTrial): JournalRecord[] => {
    if (!isOpen && isConfiguration(space, trial.values)) return [];
    if (isOpen && keys.proposal in trial.systemAttributes) return [];
    const given = { ...wishesOf(trial, keys).fixed, ...trial.values };
    const values = propose(study, trial.number, given)?.values;
    if (values === undefined)
      return failRecords(trial.id, `its values ${JSON.stringify(given)} lie outside of the space`);
    if (isOpen)
      return [
        record(Operation.setTrialSystemAttribute, {
          trial_id: trial.id,
          system_attr: { [keys.proposal]: values },
        }),
      ];
    return parameterRecords(space, values).map((fields) =>
      record(Operation.setTrialParameter, { trial_id: trial.id, ...fields }),
    );
  };

  const claimWaiting = (): ReplayedTrial | undefined => {
    for (const { id, number, state } of sync().trials) {
      if (state !== 'waiting') continue;
      const study = sync();
      const more = complete(study, study.trials[number]!);
      if (more.length > 0) journal.append(more);
      if (sync().trials[number]!.state !== 'waiting') continue;
      journal.append([
        record(Operation.setTrialState, {
          trial_id: id,
          state: stateCodes.running,
          values: null,
          datetime_start: timeText(new Date()),
        }),
      ]);
      // Another writer of the format (Optuna) may have been first.
      const { trial, mine } = held(number);
      if (mine) return trial;
    }
    return undefined;
  };

  const createTrial = (study: ReplayedStudy): ReplayedTrial | undefined => {
    const number = study.trials.length;
    const proposal = propose(study, number);
    if (!proposal) return undefined;
    journal.append([
      record(Operation.createTrial, createdTrialRecord(study.id, space, sampler.name, proposal, keys)),
    ]);
    // Not simply the next: another writer (Optuna, or one that took this lock for abandoned) may have come between.
    return sync().trials.find((trial) => trial.number >= number && trial.owner === worker);
  };

  const held = (number: number): { trial: ReplayedTrial; mine: boolean } => {
    const trial = sync().trials[number];
    if (!trial) throw inputError(`study ${name}: has no trial ${number}`);
    return { trial, mine: trial.state === 'running' && trial.owner === worker };
  };

  const handle = (claimed: ReplayedTrial): Trial<S> => {
    const { id, number } = claimed;
    const attempt = toTrialRecord(claimed, keys).attempts;
    const isHeld = (): boolean => {
      const { trial, mine } = held(number);
      return mine && toTrialRecord(trial, keys).attempts === attempt;
    };
    return trialHandle<S>(claimed, attempt, {
      space: isOpen ? undefined : space,
      seed,
      objectives: directions.length,
      seen: (parameter) => seenParameters(sync().trials)[parameter],
      read: () => {
        const trial = sync().trials[number]!;
        return { trial, ...wishesOf(trial, keys) };
      },
      write: (operation, fields) =>
        journal.append([record(operation, { trial_id: id, ...fields })], isHeld) ? 'recorded' : 'lost',
      shouldPrune: () => {
        if (!isHeld()) return true;
        const none = new Map<number, number>();
        const records = recordsOf(sync()).map((one) =>
          one.state === 'running' && !isAlive(one.worker) ? { ...one, reports: none } : one,
        );
        return pruner.shouldPrune({ direction, trials: records, trial: records[number]! });
      },
    });
  };

  return {
    name,
    space,
    direction,
    directions,
    seed,
    journal: journal.file,
    worker,
    ask: ({ limit = Infinity } = {}) =>
      journal.exclusively(() => {
        releaseOrphans(sync());
        const waiting = claimWaiting();
        if (waiting) return handle(waiting);
        const study = sync();
        if (study.trials.length >= limit) return undefined;
        const created = createTrial(study);
        return created && handle(created);
      }),
    tell: (which, outcome, failure) =>
      journal.exclusively(() => {
        const number = typeof which === 'number' ? which : which.number;
        const { trial, mine } = held(number);
        if (!mine) {
          if (trial.owner !== worker || trial.state === 'waiting') return 'lost';
          throw inputError(`study ${name}: trial ${number} has already ended as ${trial.state}`);
        }
        const values = typeof outcome === 'number' ? [outcome] : outcome;
        const wrong = typeof values === 'string' ? undefined : faultOf(values, directions.length);
        if (typeof values !== 'string' && wrong === undefined) {
          journal.append([endRecord(trial.id, stateCodes.complete, values)]);
          return 'complete';
        }
        if (outcome === 'pruned') {
          const last = [...trial.intermediate].sort((a, b) => a[0] - b[0]).at(-1)?.[1];
          journal.append([endRecord(trial.id, stateCodes.pruned, last === undefined ? null : [last])]);
          return 'pruned';
        }
        journal.append(failRecords(trial.id, failure ?? wrong ?? 'it failed'));
        return 'failed';
      }),
    enqueue: (values) =>
      journal.exclusively(() => {
        if (!isOpen && !isConfiguration(space, values))
          throw inputError(
            `study ${name}: ${JSON.stringify(values)} cannot be enqueued: it must give each parameter that exists, in its range, and no other (${Object.keys(space).join(', ')})`,
          );
        const study = sync();
        const keyOf = (some: Readonly<Record<string, Value>>): string =>
          isOpen ? canonicalJson(some) : configurationKey(space, some);
        const isPresent = (trial: ReplayedTrial): boolean =>
          [trial.values, wishesOf(trial, keys).fixed].some((one) => keyOf(one) === keyOf(values));
        if (study.trials.some(isPresent)) return 'present';
        const created = createdTrialRecord(study.id, space, 'enqueued', { values }, keys);
        const attributes = isOpen ? { system_attrs: { [keys.sampler]: 'enqueued', [fixedKey]: values } } : {};
        journal.append([
          record(Operation.createTrial, {
            ...created,
            ...attributes,
            datetime_start: null,
            state: stateCodes.waiting,
          }),
        ]);
        return 'enqueued';
      }),
    release: (which) =>
      journal.exclusively(() => {
        const { trial, mine } = held(typeof which === 'number' ? which : which.number);
        if (mine) journal.append([waitingRecord(trial.id)]);
      }),
    setAttribute: (key, value) => {
      if (value === undefined) throw inputError(`study ${name}: attribute ${key} has no value`);
      const study_id = sync().id;
      journal.append([record(Operation.setStudyUserAttribute, { study_id, user_attr: { [key]: value } })]);
    },
    attributes: () => ({ ...sync().userAttributes }),
    trials: () => recordsOf(sync()),
    best: () => {
      if (directions.length > 1)
        throw inputError(
          `study ${name}: has ${directions.length} objectives and so no single best trial; use paretoFront`,
        );
      return bestOf(recordsOf(sync()), direction);
    },
    paretoFront: () => paretoFront(recordsOf(sync()), directions),
  };
}

/** Why values are not the outcome of a trial, in one sentence. */
function faultOf(values: readonly number[], objectives: number): string | undefined {
  if (values.length !== objectives)
    return `the objective gave ${values.length} values, not ${objectives}: one per direction`;
  const bad = values.find((value) => !Number.isFinite(value));
  return bad === undefined ? undefined : `the objective was ${bad}, not a finite number`;
}
