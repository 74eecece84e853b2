/**
 * Every stage from the extraction's bookkeeping to the report at the paper's size (978,378 recordings, features made up): time,
 * processor time, memory and bytes of each. Each stage but the report is killed once with all its processes, and run again to its end.
 *
 *     npm run bench:paper [-- --share 0.1] [--folder DIR] [--kill no] [--stages split,reduce] [--rows-mb 1024]
 *
 * `share`: of the recordings of each class. `folder`: where everything lies (default: a temporary one, removed afterwards);
 * stages found finished there are not run again. Needs 50 GB of disk at share 1. Linux only (/proc).
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { measured, type Measured } from './measure';
import { writePaperManifest } from './corpus';

const { values } = parseArgs({
  options: {
    share: { type: 'string', default: '1' },
    folder: { type: 'string' },
    kill: { type: 'string', default: 'yes' },
    stages: { type: 'string' },
    'rows-mb': { type: 'string', default: '1024' },
  },
});
const share = Number(values.share);

/** The stages in order, each with the second at which it is killed, at share 1; 0: not at all. */
const KILLED_AFTER: Readonly<Record<string, number>> = {
  extraction: 60,
  split: 10,
  reduce: 60,
  search: 60,
  epoch: 0,
  train: 60,
  evaluate: 8,
  ablate: 60,
  compare: 60,
  // MLflow makes its tables in its first seconds; killed then, it does not start again.
  report: 0,
};

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

function bytesIn(folder: string): number {
  if (!fs.existsSync(folder)) return 0;
  const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + fs.statSync(path.join(parentPath, name)).size, 0);
}

async function main(folder: string): Promise<void> {
  const manifest = path.join(folder, 'manifest.csv');
  const rows = writePaperManifest(manifest, share);
  console.log(
    `${os.cpus()[0]!.model}, ${os.availableParallelism()} cores, Node ${process.versions.node}; ${rows.toLocaleString('en')} recordings, matrices above ${values['rows-mb']} MB in files`,
  );
  const env: NodeJS.ProcessEnv = { ...process.env, STM_LAB_ROWS_MB: values['rows-mb'] };
  const told: string[] = [];
  const program = [...process.execArgv];
  const argsOf = (stage: string): string[] =>
    stage === 'extraction'
      ? [
          path.join(__dirname, 'extraction.ts'),
          manifest,
          path.join(folder, 'features'),
          path.join(folder, 'tracking'),
        ]
      : [path.join(__dirname, 'stage.ts'), stage, folder];
  console.log(
    '| stage | killed after | run to its end | processor | largest process | all processes | on disk |',
  );
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  let total = 0;
  for (const [stage, second] of Object.entries(KILLED_AFTER)) {
    if (values.stages !== undefined && !values.stages.split(',').includes(stage)) continue;
    const runs: Measured[] = [];
    const command = [...program, ...argsOf(stage)];
    // Results depend on the number of threads; a single training may have both cores.
    if (stage === 'epoch') Object.assign(env, { STM_LAB_THREADS: '2' });
    else delete env['STM_LAB_THREADS'];
    if (values.kill === 'yes' && second > 0)
      runs.push(await measured(command, env, Math.max(3, share * second)));
    // Short stages may be done before they can be killed.
    const killed = runs.length > 0 && runs[0]!.code === null;
    if (runs.length === 0 || killed) runs.push(await measured(command, env));
    const last = runs.at(-1)!;
    if (last.code !== 0) throw new Error(`${stage} ended with code ${last.code}:\n${last.err}`);
    if (stage === 'epoch') told.push(`${last.err.trim().split('\n').at(-1)} (2 threads)`);
    total += runs.reduce((sum, { seconds }) => sum + seconds, 0);
    const most = (of: (run: Measured) => number): number => Math.max(...runs.map(of));
    const cells = [
      killed ? `${runs[0]!.seconds.toFixed(0)} s` : 'not',
      `${last.seconds.toFixed(1)} s`,
      `${runs.reduce((sum, run) => sum + run.processorSeconds, 0).toFixed(0)} s`,
      gigabytes(most((run) => run.largestBytes)),
      gigabytes(most((run) => run.peakBytes)),
      gigabytes(
        bytesIn(
          path.join(folder, stage === 'extraction' ? 'features' : stage === 'reduce' ? 'reduction' : stage),
        ),
      ),
    ];
    console.log(`| ${stage} | ${cells.join(' | ')} |`);
  }
  told.forEach((line) => console.log(`\n${line}`));
  console.log(`\nall stages with their killed runs: ${(total / 60).toFixed(1)} min`);
}

const given = values.folder;
const folder = given ?? fs.mkdtempSync(path.join(os.tmpdir(), 'stm-paper-'));
fs.mkdirSync(folder, { recursive: true });
void main(folder).finally(() => {
  if (given === undefined) fs.rmSync(folder, { recursive: true, force: true });
});
