import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { runLong } from '../command.mjs';
import { packageFolders, root } from '../paths.mjs';
import { contentOf, hashOf, readStamp, writeStamp } from '../stamp.mjs';

const outputs = packageFolders.map((folder) => join(root, folder, 'dist'));
const records = outputs.map((output) => join(output, '.tsbuildinfo'));
const stampFile = join(root, 'lib', 'stm-lab', 'dist', '.stm-lab.json');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compilerPackage = join(root, 'node_modules', 'typescript', 'package.json');

const sources = () =>
  packageFolders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter(
        (name) => /\.(ts|json)$/.test(name) && !name.startsWith('dist') && !name.includes('node_modules'),
      )
      .map((name) => join(folder, name))
      .sort(),
  );

const key = () =>
  hashOf(
    contentOf(compilerPackage),
    ...[
      'tsconfig.json',
      'lib/tsconfig.json',
      'lib/tsconfig.package.json',
      'lib/embed.mjs',
      ...sources(),
    ].flatMap((name) => [name, contentOf(join(root, name))]),
  );

/** `dist` of each package in `lib/`: its sources compiled to CommonJS and declarations. */
export const buildStep = {
  name: 'build',
  title: 'library',
  required: true,
  check: () => readStamp(stampFile)?.key === key() && records.every(existsSync),
  async make({ lock }) {
    const wanted = key();
    // A compilation that was cut short leaves records (.tsbuildinfo) that are not to be trusted.
    const { state: last = 'compiling' } = readStamp(stampFile) ?? {};
    if (last === 'compiling') for (const record of records) rmSync(record, { force: true });
    writeStamp(stampFile, { state: 'compiling' });
    const options = {
      lock,
      detail: () => 'compiling lib/',
      cure: 'correct the errors that "npm run build" shows',
    };
    let state = 'failed';
    try {
      await runLong('library', execPath, [compiler, '-b', 'lib'], options);
      await runLong('library', execPath, [join('lib', 'embed.mjs')], options);
      state = 'compiled';
    } finally {
      writeStamp(stampFile, state === 'compiled' ? { state, key: wanted } : { state });
      removeOrphans();
    }
  },
};

/** Compiled files whose source is gone would still be found by imports. */
function removeOrphans() {
  packageFolders.forEach((folder, i) => {
    if (!existsSync(outputs[i])) return;
    for (const name of readdirSync(outputs[i], { recursive: true })) {
      const source = name.replace(/(\.d\.ts|\.js)$/, '.ts');
      if (source !== name && !existsSync(join(root, folder, source))) rmSync(join(outputs[i], name));
    }
  });
}
