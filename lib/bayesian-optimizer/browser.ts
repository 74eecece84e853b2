import { inputError } from 'research-basics/errors';
import { memoryJournal } from './journal/memory';
import type { Space } from './space';
import { openStudy } from './study';
import type { Study, StudyOptions } from './studyTypes';

export * from './everywhere';
export { runStudy as optimize } from './runStudy';

/**
 * Opens a study that lives in the page's memory; in Node, with a file system, `createStudy` can record it.
 *
 * @throws UserError (`input`) for a journal, and as in Node.
 */
export function createStudy<const S extends Space>(options: StudyOptions<S>): Study<S> {
  if (options.journal !== undefined)
    throw inputError(
      `study ${options.name}: a page has no file system for ${options.journal}; leave the journal out`,
    );
  return openStudy(options, { journal: memoryJournal(), worker: 'page', isAlive: () => true });
}
