#!/usr/bin/env node
'use strict';
const { runCommandLine } = require('../dist/cli/main.js');

void runCommandLine(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
