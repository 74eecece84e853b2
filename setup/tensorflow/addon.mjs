import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { runLong, runShort, SetupError } from '../command.mjs';
import { root } from '../paths.mjs';

/** The Node-API level the add-on of tfjs-node 4.22 is written for; every Node since 12.22 has it. */
export const napiLevel = 8;
const sources = ['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc'];

/**
 * Compiles tfjs-node's add-on against the libraries in `deps`. It uses Node-API alone, so the four headers
 * of `node-api-headers` and one compiler call do what node-gyp needs make, Python and the headers of the
 * running Node for.
 *
 * @param addon file to write; it looks for the libraries in `../../deps/lib` from where it is loaded.
 */
export async function compileAddon(packageFolder, deps, addon, lock) {
  const compiler = env.CXX || 'g++';
  if ((await runShort(compiler, ['--version'])).code !== 0) {
    throw new SetupError(
      'there is no C++ compiler',
      'install g++ ("apt-get install g++"), then run "npm run doctor"',
    );
  }
  const napiHeaders = join(root, 'node_modules', 'node-api-headers', 'include');
  if (!existsSync(napiHeaders))
    throw new SetupError('node-api-headers is not installed', 'run "npm ci --ignore-scripts"');
  const libraries = readdirSync(join(deps, 'lib')).filter((name) =>
    /^libtensorflow(_cc|_framework)?\.so\.2$/.test(name),
  );
  const unfinished = `${addon}.unfinished`;
  await runLong(
    'native TensorFlow',
    compiler,
    [
      ...['-O3', '-std=gnu++17', '-fPIC', '-shared', '-pthread', '-fno-rtti', '-fno-exceptions', '-w'],
      ...[`-DNAPI_VERSION=${napiLevel}`, '-DNODE_GYP_MODULE_NAME=tfjs_binding', '-DBUILDING_NODE_EXTENSION'],
      ...[napiHeaders, packageFolder, join(deps, 'include')].map((folder) => `-I${folder}`),
      ...sources.map((name) => join(packageFolder, name)),
      ...[
        `-L${join(deps, 'lib')}`,
        '-Wl,-rpath,$ORIGIN/../../deps/lib',
        ...libraries.map((name) => `-l:${name}`),
      ],
      ...['-o', unfinished],
    ],
    {
      lock,
      detail: () => 'compiling the add-on, about 15 s',
      cure: 'correct what the log says about the compiler, then run "npm run doctor"',
    },
  );
  renameSync(unfinished, addon);
}
