// The notebook kernel: tslab of this workbench, whose packages a notebook finds wherever it lies. Its own node_modules, where
// it has one, goes first.
//   node setup/kernel.cjs CONNECTION_FILE
const Module = require('node:module');
const { basename, delimiter, dirname, join } = require('node:path');
const { setImmediate } = require('node:timers');

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

function createHost(files, options, system, _createProgram, ...rest) {
  const typeRoots = [...(options.typeRoots ?? []), join(packages, '@types')];
  const host = ts.createWatchCompilerHost(files, { ...options, typeRoots }, system, createProgram, ...rest);
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

/** A program without the table of all files by those that refer to them, which took most of the time of a cell. */
function createProgram(...parts) {
  const builder = ts.createAbstractBuilder(...parts);
  const program = builder.getProgram();
  // tslab asks a cell for the names it declares before anything is checked.
  for (const name of program.getRootFileNames())
    ts.bindSourceFile(program.getSourceFile(name), program.getCompilerOptions());
  builder.getAllDependencies = (file) => sourcesOf(program, file);
  return builder;
}

/** A file and the sources that it imports, directly or not; tslab's `__prev__.d.ts` imports what earlier cells did. */
function sourcesOf(program, first) {
  const found = new Set([first]);
  for (const file of found) {
    if (file.isDeclarationFile && basename(file.fileName) !== '__prev__.d.ts') continue;
    file.resolvedModules?.forEach(({ resolvedModule }) => {
      const source = resolvedModule && program.getSourceFile(resolvedModule.resolvedFileName);
      if (source !== undefined) found.add(source);
    });
  }
  return Array.from(found, ({ fileName }) => fileName);
}

// What cells print: tslab sends one message per line, and of many at once the reader gets some hundred. Lines are joined
// here and sent together, in order, at the latest when the cell ends.
const { JupyterHandlerImpl, ZmqServer } = require('tslab/dist/jupyter.js');
const PAUSE_MS = 100;
const MOST_CHARACTERS = 100_000;
let waiting = [];
let sent = 0;

function send() {
  const parts = waiting;
  waiting = [];
  sent = Date.now();
  for (const { name, texts, writeStream } of parts) writeStream(name, texts.join(''));
}

const createWrite = JupyterHandlerImpl.prototype.createWriteToIopub;
JupyterHandlerImpl.prototype.createWriteToIopub = function (stream, writeStream) {
  let length = 0;
  return createWrite.call(this, stream, (name, text) => {
    const last = waiting.at(-1);
    if (last?.name === name && last.writeStream === writeStream) last.texts.push(text);
    else waiting.push({ name, texts: [text], writeStream });
    length += text.length;
    if (waiting.length === 1 && waiting[0].texts.length === 1) setImmediate(send);
    // A cell that computes for long without a pause is heard too.
    if (length < MOST_CHARACTERS && Date.now() - sent < PAUSE_MS) return;
    length = 0;
    send();
  });
};

const handle = JupyterHandlerImpl.prototype.handleExecuteImpl;
JupyterHandlerImpl.prototype.handleExecuteImpl = function (request, writeStream, writeDisplayData) {
  const display = (...output) => {
    send();
    writeDisplayData(...output);
  };
  return handle.call(this, request, writeStream, display).finally(send);
};

// tslab takes requests from the moment its first socket is bound, and what it then sends on a socket that is still being
// bound throws (EBUSY): the reply would never come. Requests wait until all sockets are bound.
const initialise = ZmqServer.prototype.init;
ZmqServer.prototype.init = function () {
  this.bound = initialise.call(this);
  return this.bound;
};
const handleMessage = ZmqServer.prototype.handleShellMessage;
ZmqServer.prototype.handleShellMessage = async function (...message) {
  await this.bound;
  return handleMessage.apply(this, message);
};

const { startKernel } = require('tslab/dist/main.js');
startKernel({ configPath: process.argv[2], enableFindLocal: false });
