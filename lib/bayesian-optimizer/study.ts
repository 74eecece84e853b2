import { randomBytes } from 'node:crypto';
import { inputError } from 'research-basics/errors';
import { checkSeed } from 'research-basics/random/seeds';
import { spaceCoder } from './coding';
import type { JournalRecord } from './journal/records';
import { directionCodes, Operation, stateCodes, timeText } from './journal/records';
import { createReplay } from './journal/replay';
import type { ReplayedStudy, ReplayedTrial } from './journal/replay';
import { watchOwners } from './journal/owners';
import { thisProcess } from './journal/process';
import { fileJournal, memoryJournal } from './journal/storage';
import { createPruner } from './pruners';
import type { TrialRecord } from './sampler';
import { createSampler } from './samplers';
import type { Space, ValuesOf } from './space';
import { checkSpace, configurationKey, isConfiguration } from './space';
import { attributeKeys, bestOf, createdTrialRecord, reconcileSpace, toTrialRecord } from './studyRecords';
import type { Recorded, Study, StudyOptions, Trial } from './studyTypes';

/**
 * Opens a study, new or recorded.
 *
 * A proposal depends on the seed, the trial's number and the trials recorded before it, never on the
 * process: a killed and resumed study proposes what an undisturbed one would.
 *
 * @throws UserError (`input`) for a space that makes no sense, a study recorded with another direction
 *   or seed, or one recorded with another space (see `spaceChange`). The recorded study is unharmed.
 */
export function createStudy<const S extends Space>(options: StudyOptions<S>): Study<S> {
  const { name, direction, maxRestarts = 3, spaceChange = 'refuse' } = options;
  const space = checkSpace(options.space);
  if (!(direction in directionCodes)) {
    throw inputError(`study ${name}: direction ${String(direction)} must be "minimize" or "maximize"`);
  }
  if (options.seed !== undefined) checkSeed(options.seed);
  const coder = spaceCoder(space);
  const sampler = createSampler(options.sampler ?? 'gp');
  const pruner = createPruner(options.pruner ?? 'none');
  const journal = options.journal === undefined ? memoryJournal() : fileJournal(options.journal);
  const worker = `${thisProcess()}/${randomBytes(4).toString('hex')}`;
  const replay = createReplay();
  const owners = watchOwners(journal.file);

  const record = (op_code: number, fields: object): JournalRecord => ({
    op_code,
    worker_id: worker,
    ...fields,
  });
  const sync = (): ReplayedStudy => {
    replay.apply(journal.readNew());
    const study = replay.studyNamed(name);
    if (!study) {
      const others = replay.studyNames();
      throw inputError(
        `study ${name}: not in ${journal.file ?? 'memory'}${others.length ? `, which holds ${others.join(', ')}` : ''}; was it deleted?`,
      );
    }
    return study;
  };
  const { seed, keys } = journal.exclusively(() => {
    replay.apply(journal.readNew());
    if (!replay.studyNamed(name)) {
      journal.append([
        record(Operation.createStudy, { study_name: name, directions: [directionCodes[direction]] }),
      ]);
    }
    const recorded = sync();
    if (recorded.objectives !== 1 || recorded.direction !== direction) {
      throw inputError(
        `study ${name}: recorded to ${recorded.objectives === 1 ? recorded.direction : `${recorded.objectives} objectives`}, not to ${direction}; choose another study name`,
      );
    }
    const keys = attributeKeys(recorded, options.namespace);
    const changes = reconcileSpace(recorded, space, options.seed, spaceChange, keys);
    const attributes = changes.attributes.map((attribute) =>
      record(Operation.setStudySystemAttribute, { study_id: recorded.id, system_attr: attribute }),
    );
    if (attributes.length > 0) journal.append(attributes);
    return { seed: changes.seed, keys };
  });

  const recordsOf = (study: ReplayedStudy): TrialRecord[] =>
    study.trials.map((trial) => toTrialRecord(trial, keys));
  const attributeRecord = (id: number, key: string, value: unknown): JournalRecord =>
    record(Operation.setTrialUserAttribute, { trial_id: id, user_attr: { [key]: value } });
  const endRecord = (id: number, state: number, values: number[] | null): JournalRecord =>
    record(Operation.setTrialState, {
      trial_id: id,
      state,
      values,
      datetime_complete: timeText(new Date()),
    });

  const waitingRecord = (id: number): JournalRecord =>
    record(Operation.setTrialState, { trial_id: id, state: stateCodes.waiting, values: null });

  /** Puts trials of dead workers back in line, or fails those that died too often. */
  const releaseOrphans = (study: ReplayedStudy): void => {
    const records = study.trials.flatMap((trial) => {
      if (trial.state !== 'running' || owners.isAlive(trial.owner)) return [];
      const restarts = toTrialRecord(trial, keys).attempts;
      if (restarts > maxRestarts) {
        const sentence = `its process died ${restarts} times; see whether it runs out of memory`;
        return [attributeRecord(trial.id, 'failure', sentence), endRecord(trial.id, stateCodes.failed, null)];
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

  const claimWaiting = (): ReplayedTrial | undefined => {
    for (const trial of sync().trials) {
      if (trial.state !== 'waiting' || !isConfiguration(space, trial.values)) continue;
      journal.append([
        record(Operation.setTrialState, {
          trial_id: trial.id,
          state: stateCodes.running,
          values: null,
          datetime_start: timeText(new Date()),
        }),
      ]);
      // Another writer of the format (Optuna) may have been first.
      if (held(trial.number).mine) return trial;
    }
    return undefined;
  };

  const createTrial = (study: ReplayedStudy): ReplayedTrial | undefined => {
    const proposal = sampler.propose({
      coder,
      direction,
      trials: recordsOf(study).filter((trial) => isConfiguration(space, trial.values)),
      trialNumber: study.trials.length,
      studySeed: seed,
    });
    if (!proposal) return undefined;
    const number = study.trials.length;
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

  const handle = (trial: ReplayedTrial): Trial<S> => {
    const attempt = toTrialRecord(trial, keys).attempts;
    const isHeld = (): boolean => {
      const { trial: now, mine } = held(trial.number);
      return mine && toTrialRecord(now, keys).attempts === attempt;
    };
    const write = (one: JournalRecord): Recorded => (journal.append([one], isHeld) ? 'recorded' : 'lost');
    return {
      number: trial.number,
      values: { ...trial.values } as ValuesOf<S>,
      attempt,
      report: (step, value) => {
        if (!Number.isInteger(step) || step < 0) {
          throw inputError(`trial ${trial.number}: report step ${step} must be a whole number from 0`);
        }
        if (!Number.isFinite(value)) {
          throw inputError(`trial ${trial.number}: reported ${value} at step ${step}, which is not finite`);
        }
        return write(
          record(Operation.setTrialIntermediate, { trial_id: trial.id, step, intermediate_value: value }),
        );
      },
      shouldPrune: () => {
        if (!isHeld()) return true;
        const records = recordsOf(sync()).map((one) =>
          one.state === 'running' && !owners.isAlive(one.worker)
            ? { ...one, reports: new Map<number, number>() }
            : one,
        );
        return pruner.shouldPrune({ direction, trials: records, trial: records[trial.number]! });
      },
      setAttribute: (key, value) => {
        if (value === undefined) throw inputError(`trial ${trial.number}: attribute ${key} has no value`);
        return write(attributeRecord(trial.id, key, value));
      },
    };
  };

  return {
    name,
    space,
    direction,
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
        if (typeof outcome === 'number' && Number.isFinite(outcome)) {
          journal.append([endRecord(trial.id, stateCodes.complete, [outcome])]);
          return 'complete';
        }
        if (outcome === 'pruned') {
          const last = [...trial.intermediate].sort((a, b) => a[0] - b[0]).at(-1)?.[1];
          journal.append([endRecord(trial.id, stateCodes.pruned, last === undefined ? null : [last])]);
          return 'pruned';
        }
        const sentence =
          failure ??
          (typeof outcome === 'number' ? `the objective was ${outcome}, not a finite number` : 'it failed');
        journal.append([
          attributeRecord(trial.id, 'failure', sentence),
          endRecord(trial.id, stateCodes.failed, null),
        ]);
        return 'failed';
      }),
    enqueue: (values) =>
      journal.exclusively(() => {
        if (!isConfiguration(space, values))
          throw inputError(
            `study ${name}: ${JSON.stringify(values)} cannot be enqueued: it must give each parameter that exists, in its range, and no other (${Object.keys(space).join(', ')})`,
          );
        const study = sync();
        const key = configurationKey(space, values);
        if (study.trials.some((trial) => configurationKey(space, trial.values) === key)) return 'present';
        const created = createdTrialRecord(study.id, space, 'enqueued', { values }, keys);
        journal.append([
          record(Operation.createTrial, { ...created, datetime_start: null, state: stateCodes.waiting }),
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
    best: () => bestOf(recordsOf(sync()), direction),
  };
}
