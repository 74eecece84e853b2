import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { notebookHashes } from 'stm-lab/dist/cli/notebooks';
import { runStage } from 'stm-lab/dist/pipeline';
import { scriptsHash } from 'stm-lab/dist/pipeline/libraryHash';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-stale-'));
after(() => fs.rmSync(folder, { recursive: true }));
const write = (name: string, text: string): string => {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
};

test('a changed notebook, or a changed script that executes it, is a reason to execute it again', async () => {
  for (const name of [
    'notebooks/01.ipynb',
    'notebooks/02.ipynb',
    'setup/notebooks.py',
    'setup/notebook_page.py',
  ])
    write(name, 'as committed');
  const told: string[] = [];
  const execute = async (): Promise<string> =>
    (
      await runStage({
        stage: 'notebooks',
        folder: path.join(folder, 'executed'),
        parameters: {},
        inputs: notebookHashes(folder, ['01.ipynb', '02.ipynb']),
        onStale: (sentence) => told.push(sentence),
        run: () => {
          write('executed/01.ipynb', 'with output');
          return Promise.resolve(['01.ipynb']);
        },
      })
    ).status;
  assert.deepEqual([await execute(), await execute()], ['computed', 'cached']);
  for (const name of ['notebooks/02.ipynb', 'setup/notebook_page.py']) {
    write(name, 'edited');
    assert.deepEqual([await execute(), await execute()], ['computed', 'cached'], name);
    assert.match(told.at(-1)!, new RegExp(path.basename(name).replace('.', '\\.')));
  }
});

test('a changed source of a figure, wherever it lies in the library, is another library', () => {
  const source = write('library/figures/scales/ticks.js', 'exports.count = 5;');
  write('library/index.js', '');
  const declarations = write('library/index.d.ts', '');
  const other = write('package/index.cjs', '');
  const hash = (): string => scriptsHash([path.join(folder, 'library'), path.join(folder, 'package')]);
  const seen = [hash()];
  for (const file of [source, other]) {
    fs.appendFileSync(file, ' ');
    seen.push(hash());
  }
  assert.equal(new Set(seen).size, 3);
  fs.appendFileSync(declarations, ' ');
  assert.equal(hash(), seen[2]);
});
