import { randomBytes } from 'node:crypto';
import { memoryJournal } from './journal/memory';
import { watchOwners } from './journal/owners';
import { thisProcess } from './journal/process';
import { fileJournal } from './journal/storage';
import type { Space } from './space';
import { openStudy } from './study';
import type { Study, StudyOptions } from './studyTypes';

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
  const journal = options.journal === undefined ? memoryJournal() : fileJournal(options.journal);
  const worker = `${thisProcess()}/${randomBytes(4).toString('hex')}`;
  return openStudy(options, { journal, worker, isAlive: watchOwners(journal.file).isAlive });
}
