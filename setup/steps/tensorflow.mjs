import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { arch, execPath, pid, platform } from 'node:process';
import { runShort, SetupError } from '../command.mjs';
import { acquireLock } from '../lock.mjs';
import { cacheFolder, root } from '../paths.mjs';
import { say } from '../progress.mjs';
import { hashOf, readStamp, writeStamp } from '../stamp.mjs';
import { buildStep } from './build.mjs';
import { compileAddon, napiLevel } from '../tensorflow/addon.mjs';
import { obtainOfficial, officialAnswers, officialVersion } from '../tensorflow/official.mjs';
import { obtainFromWheel, wheelVersion } from '../tensorflow/wheel.mjs';

const packageFolder = join(root, 'node_modules', '@tensorflow', 'tfjs-node');
const stampFile = join(packageFolder, '.stm-lab.json');
const linkedAddon = join(packageFolder, 'lib', `napi-v${napiLevel}`, 'tfjs_binding.node');
const linkedDeps = join(packageFolder, 'deps');

const packageVersion = () => readStamp(join(packageFolder, 'package.json'))?.version;
const key = () =>
  hashOf(`${packageVersion()} ${napiLevel} ${platform} ${arch} ${wheelVersion} ${officialVersion}`);

const official = join(cacheFolder, `libtensorflow-${officialVersion}-${platform}-${arch}`);
const fromWheel = join(cacheFolder, `tensorflow-cpu-${wheelVersion}-${platform}-${arch}`);

/** TensorFlow's C libraries under tfjs-node, from a cache that survives `npm ci`. */
export const tensorflowStep = {
  name: 'native',
  title: 'native TensorFlow',
  required: false,
  without: 'training runs on WebAssembly, slower, and exact PCA is unavailable',
  check: () =>
    readStamp(stampFile)?.key === key() && existsSync(linkedAddon) && existsSync(join(linkedDeps, 'lib')),
  async make({ lock }) {
    if (packageVersion() === undefined)
      throw new SetupError('tfjs-node is not installed', 'run "npm ci --ignore-scripts"');
    // It is tried out through the library.
    if (!buildStep.check())
      throw new SetupError('needs the compiled library', 'correct the errors that "npm run build" shows');
    const cacheLock = await acquireLock(join(cacheFolder, 'lock'), () =>
      say('  native TensorFlow: another set-up is filling the cache; waiting for it'),
    );
    try {
      const libraries = await obtainLibraries(lock);
      const addon = join(libraries, `tfjs-node-${packageVersion()}-napi${napiLevel}.node`);
      const deps = join(libraries, 'deps');
      if (!existsSync(addon)) await compileAddon(packageFolder, deps, addon, lock);
      rmSync(linkedDeps, { recursive: true, force: true });
      symlinkSync(deps, linkedDeps);
      mkdirSync(dirname(linkedAddon), { recursive: true });
      // A new file, not new content: another process may have the old one loaded.
      const fresh = `${linkedAddon}.${pid}.tmp`;
      copyFileSync(addon, fresh);
      renameSync(fresh, linkedAddon);
      await tryOut();
      writeStamp(stampFile, { key: key(), libraries });
    } finally {
      cacheLock.release();
    }
  },
};

/** The folder of the cache that holds the libraries, filled first when there is none. */
async function obtainLibraries(lock) {
  for (const ready of [fromWheel, official]) if (existsSync(ready)) return ready;
  mkdirSync(cacheFolder, { recursive: true });
  for (const left of readdirSync(cacheFolder).filter((name) => name.startsWith('unfinished-'))) {
    rmSync(join(cacheFolder, left), { recursive: true, force: true });
  }
  const space = statfsSync(cacheFolder);
  if (space.bavail * space.bsize < 1.3e9) {
    throw new SetupError(
      `${cacheFolder} has less than 1.3 GB of free disk`,
      'free some, or set STM_LAB_CACHE to a folder on another disk, then run "npm run doctor"',
    );
  }
  const unfinished = join(cacheFolder, `unfinished-${pid}`);
  try {
    if (await officialAnswers()) {
      try {
        await obtainOfficial(unfinished, lock);
        renameSync(unfinished, official);
        return official;
      } catch (error) {
        say(`  native TensorFlow: ${error.message}; taking the PyPI wheel`);
        rmSync(unfinished, { recursive: true, force: true });
      }
    }
    await obtainFromWheel(unfinished, lock);
    renameSync(unfinished, fromWheel);
    return fromWheel;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Multiplies two matrices in a process of its own: a library that the processor cannot run ends it. */
async function tryOut() {
  const engine = join(root, 'lib', 'stm-lab', 'dist', 'engine');
  const script = `
    require(${JSON.stringify(engine)}).loadEngine({ prefer: 'native' }).then(({ tf }) => {
      const product = tf.matMul(tf.eye(3), tf.fill([3, 1], 2)).dataSync();
      if (product.join() !== '2,2,2') throw new Error('wrong product ' + product);
    });`;
  const { code, signal, stderr } = await runShort(execPath, ['-e', script]);
  if (code === 0) return;
  throw new SetupError(
    signal === 'SIGILL'
      ? 'this processor lacks instructions that the TensorFlow libraries use (AVX)'
      : `the add-on was built but does not run (${signal ?? stderr.split('\n').find((line) => /error/i.test(line)) ?? code})`,
    signal === 'SIGILL' ? 'use a machine with AVX' : `remove ${cacheFolder}, then run "npm run doctor"`,
  );
}
