import { inputError } from 'research-basics/errors';
import { checkSeed } from 'research-basics/random/seeds';
import type { Journal } from './journal/memory';
import type { Direction, JournalRecord } from './journal/records';
import { directionCodes, Operation } from './journal/records';
import { createReplay, type ReplayedStudy } from './journal/replay';
import type { Space } from './space';
import { checkSpace } from './space';
import { attributeKeys, reconcileSpace, type AttributeKeys } from './studyRecords';
import type { StudyOptions } from './studyTypes';

/** Where a study is recorded, and who records it. */
export interface StudyHome {
  readonly journal: Journal;
  /** The name under which this process writes. */
  readonly worker: string;
  /** Whether the process of a trial may still be running it. */
  isAlive(worker: string): boolean;
}

/** A study in its journal. */
export interface StudyLog<S extends Space> {
  readonly space: S;
  readonly directions: readonly Direction[];
  readonly seed: number;
  readonly keys: AttributeKeys;
  /** A record of this process. */
  record(operation: number, fields: object): JournalRecord;
  /** The study with all that anyone has recorded so far. */
  sync(): ReplayedStudy;
}

/**
 * Finds a study in its journal, or makes it; see `createStudy`.
 *
 * @throws UserError (`input`) for an unknown or missing direction, a study recorded with other directions, and one
 *   that is gone.
 */
export function openLog<const S extends Space>(
  options: StudyOptions<S>,
  { journal, worker }: StudyHome,
): StudyLog<S> {
  const { name, spaceChange = 'refuse' } = options;
  if (options.space !== undefined) checkSpace(options.space);
  const wanted = options.directions ?? (options.direction === undefined ? undefined : [options.direction]);
  if (wanted?.length === 0) throw inputError(`study ${name}: directions is empty; give one per objective`);
  for (const direction of wanted ?? []) {
    if (!(direction in directionCodes)) {
      throw inputError(`study ${name}: direction ${String(direction)} must be "minimize" or "maximize"`);
    }
  }
  if (options.seed !== undefined) checkSeed(options.seed);
  const replay = createReplay();

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
  const opened = journal.exclusively(() => {
    replay.apply(journal.readNew());
    if (!replay.studyNamed(name)) {
      const codes = (wanted ?? ['minimize']).map((direction) => directionCodes[direction]);
      journal.append([record(Operation.createStudy, { study_name: name, directions: codes })]);
    }
    const recorded = sync();
    const { directions } = recorded;
    if (wanted !== undefined && wanted.join() !== directions.join()) {
      throw inputError(
        `study ${name}: recorded to ${directions.join(', ')}, not to ${wanted.join(', ')}; choose another study name`,
      );
    }
    const keys = attributeKeys(recorded, options.namespace);
    const { space, seed, attributes } = reconcileSpace(
      recorded,
      options.space,
      options.seed,
      spaceChange,
      keys,
    );
    const records = attributes.map((attribute) =>
      record(Operation.setStudySystemAttribute, { study_id: recorded.id, system_attr: attribute }),
    );
    if (records.length > 0) journal.append(records);
    return { seed, keys, space: space as S, directions };
  });
  return { ...opened, record, sync };
}
