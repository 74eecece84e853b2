// The jobs behind the npm commands: bring what is needed into working order, then run it.
import { join } from 'node:path';
import { argv, env, exit } from 'node:process';
import { pathToFileURL } from 'node:url';
import { bootstrap, describeMissing } from './bootstrap.mjs';
import { root } from './paths.mjs';
import { say } from './progress.mjs';

const [, , job, ...args] = argv;

/** The command line of the library runs in this very process, so that signals and exit codes are its own. */
async function stmLab(words) {
  const command = join(root, 'lib', 'stm-lab', 'bin', 'stm-lab.js');
  argv.splice(1, argv.length - 1, command, ...words);
  await import(pathToFileURL(command));
}

const jobs = {
  reproduce: () => stmLab(['reproduce', ...args]),
  'stm-lab': () => stmLab(args),
  lab: async () => (await import('./lab.mjs')).lab(args),
  test: async (missing) => (await import('./test.mjs')).test(args, missing),
  doctor: async (missing) => (await import('./doctor.mjs')).doctor(args, missing),
  setup: (missing) => exit(missing.length > 0 ? 1 : 0),
};

if (!Object.hasOwn(jobs, job)) {
  say(`usage: node setup/run.mjs ${Object.keys(jobs).join('|')} [arguments]`);
  exit(2);
}
const skip = (env.STM_LAB_SKIP ?? '').split(',');
const missing = await bootstrap({ skip, retry: job === 'doctor' ? 'now' : 'daily' });
if (job !== 'doctor') {
  const causes = missing.filter(({ step }) => !missing.some((other) => other.step.name === step.needs));
  for (const part of causes) say(describeMissing(part));
}
// The doctor and the tests report a library that does not compile; nothing can start without the rest.
const reports = { doctor: ['packages', 'build'], test: ['build'] }[job] ?? [];
if (missing.some(({ step }) => step.required && !reports.includes(step.name))) exit(3);
await jobs[job](missing);
