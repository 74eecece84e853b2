import { parentPort, workerData } from 'node:worker_threads';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { messageOf, UserError } from 'research-basics/errors';
import { filteredSoundFigure, saveFigure } from '../../figures';
import {
  createModulationFilter,
  filterFile,
  type FilterFileOptions,
  type FilterFileResult,
} from '../../synthesis';

/** One recording for a worker. */
export interface FilterOrder {
  readonly file: string;
  /** Path of the results without ending. */
  readonly output: string;
}

/** What a worker answers, once an order; `ready` before the first. */
export type FilterAnswer =
  | 'ready'
  | { readonly result: FilterFileResult; readonly reused: boolean; readonly elapsedSeconds?: number }
  | { readonly error: string; readonly kind: UserError['kind'] | 'other' };

async function main(): Promise<void> {
  const filter = workerData as FilterFileOptions['filter'];
  // Before anything is awaited: an event loop that runs empty while WebAssembly is compiled can block in Node 20.
  let start: (order: FilterOrder) => void = () => undefined;
  parentPort?.on('message', (order: FilterOrder) => start(order));
  const kernel = await createModulationFilter(filter);
  const work = async ({ file, output }: FilterOrder): Promise<FilterAnswer> => {
    // Killed between a sound and its figure: both are computed again.
    if (!fs.existsSync(`${output}.svg`)) fs.rmSync(`${output}.json`, { force: true });
    const { cochleagrams, ...answer } = await filterFile(kernel, file, { filter, output });
    if (cochleagrams !== undefined)
      await saveFigure(
        filteredSoundFigure({ ...cochleagrams, title: `${path.basename(file)}: ${answer.result.region}` }),
        output,
        { formats: ['svg'] },
      );
    return answer;
  };
  start = (order) =>
    void work(order)
      .catch((error: unknown): FilterAnswer => ({
        error: messageOf(error),
        kind: error instanceof UserError ? error.kind : 'other',
      }))
      .then((answer) => parentPort?.postMessage(answer));
  parentPort?.postMessage('ready' satisfies FilterAnswer);
}

void main();
