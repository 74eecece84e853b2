import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { runLong } from '../command.mjs';
import { root } from '../paths.mjs';
import { contentOf, hashOf, readStamp, writeStamp } from '../stamp.mjs';

const library = join(root, 'lib');
const output = join(library, 'dist');
const stampFile = join(output, '.stm-lab.json');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compilerPackage = join(root, 'node_modules', 'typescript', 'package.json');

const sources = () =>
  readdirSync(library, { recursive: true })
    .filter((name) => /\.(ts|json)$/.test(name) && !name.startsWith('dist') && !name.includes('node_modules'))
    .sort();

const key = () =>
  hashOf(
    ...['tsconfig.json', 'lib/tsconfig.json', 'lib/package.json'].map((name) => contentOf(join(root, name))),
    contentOf(compilerPackage),
    ...sources().flatMap((name) => [name, contentOf(join(library, name))]),
  );

/** `lib/dist`: the library compiled to CommonJS and declarations. */
export const buildStep = {
  name: 'build',
  title: 'library',
  required: true,
  check: () => readStamp(stampFile)?.key === key() && existsSync(join(output, '.tsbuildinfo')),
  async make({ lock }) {
    const wanted = key();
    // A compilation that was cut short leaves a record (.tsbuildinfo) that is not to be trusted.
    const { state: last = 'compiling' } = readStamp(stampFile) ?? {};
    if (last === 'compiling') rmSync(join(output, '.tsbuildinfo'), { force: true });
    writeStamp(stampFile, { state: 'compiling' });
    const options = {
      lock,
      detail: () => 'compiling lib/',
      cure: 'correct the errors that "npm run build" shows',
    };
    let state = 'failed';
    try {
      await runLong('library', execPath, [compiler, '-p', 'lib'], options);
      state = 'compiled';
    } finally {
      writeStamp(stampFile, state === 'compiled' ? { state, key: wanted } : { state });
      removeOrphans();
    }
  },
};

/** Compiled files whose source is gone would still be found by imports. */
function removeOrphans() {
  for (const name of readdirSync(output, { recursive: true })) {
    const source = name.replace(/(\.d\.ts|\.js)$/, '.ts');
    if (source !== name && !existsSync(join(library, source))) rmSync(join(output, name));
  }
}
