/**
 * Faults of a tracking server by kind, each counted: what was lost, what is there twice, and requests that no fault explains.
 *
 *   npm run test:faults:tracking [-- --runs 20] [--only WORD] [--part 1/2]
 *
 * Prints a table and exits 1 when something is lost, doubled or unexplained. Needs .venv with mlflow, and the right to mount for
 * the kind with a full disk, which is named and left out otherwise.
 */
import * as fs from 'node:fs';
import { parseArgs } from 'node:util';
import { KINDS, tryKind, type Bench, type KindReport } from './faultKinds';
import { startServer, temporaryFolder } from './support';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '20' },
      only: { type: 'string', default: '' },
      part: { type: 'string', default: '1/1' },
    },
  });
  const [part, parts] = values.part.split('/').map(Number) as [number, number];
  const kinds = KINDS.filter((kind, i) => kind.includes(values.only) && i % parts === part - 1);
  const folder = temporaryFolder();
  const bench: Bench = { folder, server: await startServer(folder) };
  const reports: KindReport[] = [];
  const print = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
  print([
    'Fault',
    'Runs',
    'Faults',
    'Requests',
    'Lost',
    'Doubled',
    'Sent again',
    'Unexplained requests',
    's',
  ]);
  try {
    for (const kind of kinds) {
      const begin = performance.now();
      const report = await tryKind(bench, kind, Number(values.runs));
      reports.push(report);
      const { faults, requests, lost, doubled, again, spun, notes } = report;
      const seconds = ((performance.now() - begin) / 1000).toFixed(0);
      print([kind, values.runs, faults, requests, lost, doubled, again, spun, seconds]);
      for (const note of notes) console.error(`  ${kind}: ${note}`);
    }
  } finally {
    await bench.server.stop();
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
  const sum = (name: 'faults' | 'requests' | 'lost' | 'doubled' | 'again' | 'spun'): number =>
    reports.reduce((total, report) => total + report[name], 0);
  print([
    'together',
    reports.length * Number(values.runs),
    sum('faults'),
    sum('requests'),
    sum('lost'),
    sum('doubled'),
    sum('again'),
    sum('spun'),
    '',
  ]);
  if (sum('lost') + sum('doubled') + sum('spun') > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
