// Before and after npm packs a package (its scripts prepack and postpack): what lies once in the repository and travels
// inside packages is copied in, and removed again with --clean.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { argv, cwd, execPath } from 'node:process';

const folder = cwd();
const top = join(import.meta.dirname, '..');
const travelling = basename(folder) === 'stm-lab' ? ['experiments', 'data-manifests'] : [];

for (const name of travelling) rmSync(join(folder, name), { recursive: true, force: true });
if (!argv.includes('--clean')) {
  const options = { cwd: top, stdio: ['ignore', 'ignore', 'inherit'] };
  execFileSync(execPath, ['node_modules/typescript/bin/tsc', '-b', 'lib'], options);
  execFileSync(execPath, ['lib/embed.mjs'], options);
  for (const name of travelling) cpSync(join(top, name), join(folder, name), { recursive: true });
  if (travelling.includes('experiments')) pointToSchemas(join(folder, 'experiments'));
}

/** In the repository a configuration names its schema among the sources; in the package, among the compiled files. */
function pointToSchemas(experiments) {
  for (const name of readdirSync(experiments, { recursive: true })) {
    if (!name.endsWith('.json')) continue;
    const file = join(experiments, name);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/("\$schema": "(?:\.\.\/)+)lib\/stm-lab\//, '$1dist/'));
  }
}
