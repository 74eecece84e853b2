// The notebook kernel: tslab of this workbench, whose packages a notebook finds wherever it lies. Its own node_modules, where
// it has one, goes first.
//   node setup/kernel.cjs CONNECTION_FILE
const Module = require('node:module');
const { delimiter, dirname, join } = require('node:path');

const packages = join(__dirname, '..', 'node_modules');

// For `require` when cells run, here and in processes that cells start.
process.env.NODE_PATH = [process.env.NODE_PATH, packages].filter(Boolean).join(delimiter);
Module._initPaths();

// For the types: TypeScript has resolution of its own, and tslab offers no setting, so it is given a TypeScript that looks
// here too. TypeScript's exports cannot be assigned to; this is a copy that passes everything else on.
const compiler = require.resolve('@tslab/typescript-for-tslab');
const ts = require(compiler);
const amended = { ...Object.getOwnPropertyDescriptors(ts) };
amended.createWatchCompilerHost = { value: createHost, enumerable: true };
require.cache[compiler].exports = Object.defineProperties({}, amended);

function createHost(files, options, system, ...rest) {
  const typeRoots = [...(options.typeRoots ?? []), join(packages, '@types')];
  const host = ts.createWatchCompilerHost(files, { ...options, typeRoots }, system, ...rest);
  const here = join(packages, '..', 'notebook.ts');
  const cache = ts.createModuleResolutionCache(system.getCurrentDirectory(), (name) => name, options);
  host.resolveModuleNameLiterals = (names, file, redirected, settings) =>
    names.map(({ text }) => {
      // What a cell does not find today may be there for the next one.
      const known = dirname(file) === system.getCurrentDirectory() ? undefined : cache;
      const found = ts.resolveModuleName(text, file, settings, system, known, redirected);
      return found.resolvedModule === undefined && !text.startsWith('.')
        ? ts.resolveModuleName(text, here, settings, system, cache)
        : found;
    });
  // Otherwise every cell would resolve the imports of every declaration file again.
  host.hasInvalidatedResolutions = () => false;
  return host;
}

const { startKernel } = require('tslab/dist/main.js');
startKernel({ configPath: process.argv[2], enableFindLocal: false });
