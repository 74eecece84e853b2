// Puts the programs of our threads and processes into one text each, beside the compiled files, so that they are found
// also where a bundler has put a package into one file; and makes the page of "stm-lab explore", one HTML file that needs no
// other, with the model that it carries. Run after the compiler: node lib/embed.mjs
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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
  const constant = name.split('/').pop();
  write(
    join(dist, `${name}.js`),
    `"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.${constant} = ${JSON.stringify(outputFiles[0].text)};\n`,
  );
}

const page = join(import.meta.dirname, 'stm-lab', 'explore', 'page');
const script = async (entry) => {
  const { outputFiles } = await build({
    entryPoints: [join(page, entry)],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2023',
    minify: true,
    legalComments: 'none',
    write: false,
  });
  // Nothing in a script may end the element that holds it.
  return outputFiles[0].text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
};
const parts = {
  STYLE: readFileSync(join(page, 'style.css'), 'utf8'),
  WORKER: await script('worker.ts'),
  MAIN: await script('main.ts'),
};
const template = readFileSync(join(page, 'index.html'), 'utf8');
mkdirSync(join(import.meta.dirname, 'stm-lab', 'dist', 'explore'), { recursive: true });
write(
  join(import.meta.dirname, 'stm-lab', 'dist', 'explore', 'explore.html'),
  template.replace(/\/\*(STYLE|WORKER|MAIN)\*\//g, (_, name) => parts[name]),
);

write(
  join(import.meta.dirname, 'stm-lab', 'dist', 'explore', 'demoModel.json'),
  readFileSync(join(import.meta.dirname, 'stm-lab', 'explore', 'demoModel.json')),
);

/** Whole or not at all: others may be reading. */
function write(file, text) {
  const temporary = `${file}.${pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}
