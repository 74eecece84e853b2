import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { runLong } from '../command.mjs';
import { root } from '../paths.mjs';
import { contentOf, hashOf, readStamp, removeStamp, writeStamp } from '../stamp.mjs';

const library = join(root, 'lib');
const output = join(library, 'dist');
const stampFile = join(output, '.stm-lab.json');
const compiler = join(root, 'node_modules', 'typescript', 'package.json');

const sources = () =>
  readdirSync(library, { recursive: true })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('dist') && !name.includes('node_modules'))
    .sort();

const key = () =>
  hashOf(
    ...['tsconfig.json', 'lib/tsconfig.json', 'lib/package.json'].map((name) => contentOf(join(root, name))),
    contentOf(compiler),
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
    // Without our stamp the last compilation may have been cut short: its record is not to be trusted.
    if (readStamp(stampFile) === undefined) rmSync(join(output, '.tsbuildinfo'), { force: true });
    removeStamp(stampFile);
    await runLong(
      'library',
      execPath,
      [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'lib'],
      {
        lock,
        detail: () => 'compiling lib/',
        cure: 'correct the errors that "npm run build" shows',
      },
    );
    removeOrphans();
    writeStamp(stampFile, { key: wanted });
  },
};

/** Compiled files whose source is gone would still be found by imports. */
function removeOrphans() {
  for (const name of readdirSync(output, { recursive: true })) {
    const source = name.replace(/(\.d\.ts|\.js)$/, '.ts');
    if (source !== name && !existsSync(join(library, source))) rmSync(join(output, name));
  }
}
