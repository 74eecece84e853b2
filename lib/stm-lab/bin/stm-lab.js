#!/usr/bin/env node
'use strict';
// From Node.js 22 on: compiled code is cached, which shortens every start.
require('node:module').enableCompileCache?.();
const process = require('node:process');
const { setImmediate } = require('node:timers');
// Whoever read the output may have gone, as "head" goes; the work goes on.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
// First of all, and between the parts of the library: loading takes a while, and can be interrupted too.
const interrupt = require('../dist/cli/interrupt.js').listenForInterrupts();

async function main() {
  for (const part of ['features', 'models', 'strf', 'figures', 'pipeline']) {
    require(`../dist/${part}/index.js`);
    await new Promise(setImmediate);
    if (interrupt.received() !== undefined) process.exit(interrupt.exitCode(1));
  }
  const { runCommandLine } = require('../dist/cli/main.js');
  const code = await runCommandLine(process.argv.slice(2));
  // What still waits (sockets, workers) must not keep an interrupted command.
  if (interrupt.received() !== undefined) process.exit(interrupt.exitCode(code));
  process.exitCode = code;
}

void main();
