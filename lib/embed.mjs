// Puts the programs of our threads and processes into one text each, beside the compiled files, so that they are found
// also where a bundler has put a package into one file. Run after the compiler: node lib/embed.mjs
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pid } from 'node:process';
import { build } from 'esbuild';

/** In the order of dependence: a text may hold an earlier one. */
const programs = [
  { package: 'research-basics', entry: 'heartbeatThread', name: 'heartbeatText' },
  { package: 'mlflow-tracking-client', entry: 'worker', name: 'workerText' },
  { package: 'bayesian-optimizer', entry: 'workers/child', name: 'workers/childText' },
];

for (const { package: folder, entry, name } of programs) {
  const dist = join(import.meta.dirname, folder, 'dist');
  const { outputFiles } = await build({
    entryPoints: [join(dist, `${entry}.js`)],
    bundle: true,
    platform: 'node',
    target: 'node20',
    minify: true,
    legalComments: 'none',
    write: false,
  });
  const file = join(dist, `${name}.js`);
  const constant = name.split('/').pop();
  const temporary = `${file}.${pid}.tmp`;
  writeFileSync(
    temporary,
    `"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.${constant} = ${JSON.stringify(outputFiles[0].text)};\n`,
  );
  renameSync(temporary, file);
}
