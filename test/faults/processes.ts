import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256File } from 'research-basics/files';
import { stmLab, stmLabStarted, tinyCorpus } from '../pipeline/support';
import { withPreload } from './preload';
import { complain, judgeCommand, type Scenario } from './tally';

/**
 * Processes that start at once on one output folder: one works, the others refuse in a sentence that names it.
 *
 * @param preload a module that is loaded into them
 */
export async function rivals({ tally, folder }: Scenario, rounds: number, preload?: string): Promise<void> {
  const manifest = tinyCorpus(path.join(folder, 'corpus'));
  let expected: string | undefined;
  for (let round = 0; round < rounds; round++) {
    const out = path.join(folder, `out-${round}`);
    const words = [
      'extract',
      '--manifest',
      manifest,
      '--out',
      out,
      '--tracking',
      'disabled',
      '--workers',
      '1',
    ];
    const ended = await withPreload(preload, {}, () =>
      Promise.all(Array.from({ length: 3 }, () => stmLabStarted(...words))),
    );
    const refused = ended.filter(({ code }) => code !== 0);
    tally.faults += ended.length - 1;
    for (const rival of refused) {
      judgeCommand(tally, rival, 'a second process');
      if (!/is locked by process \d+/.test(rival.err))
        complain(tally, 'unclear', `the rival is not named: ${rival.err}`);
    }
    // A rival that came after the end finds the results and keeps them.
    if (refused.length === ended.length) complain(tally, 'lost', `round ${round}: nobody worked`);
    if (stmLab(...words).code !== 0) complain(tally, 'lost', `round ${round}: cannot be continued`);
    const hash = sha256File(path.join(out, 'features.npy'));
    expected ??= hash;
    if (hash !== expected) complain(tally, 'lost', `round ${round}: other bytes`);
    if (fs.existsSync(path.join(out, '.lock'))) complain(tally, 'unclear', `round ${round}: a lock is left`);
  }
}
