import { join } from 'node:path';
import { SetupError } from './command.mjs';
import { acquireLock } from './lock.mjs';
import { workFolder } from './paths.mjs';
import { say } from './progress.mjs';
import { readStamp, removeStamp, writeStamp } from './stamp.mjs';
import { buildStep } from './steps/build.mjs';
import { kernelStep } from './steps/kernel.mjs';
import { packagesStep } from './steps/packages.mjs';
import { pythonStep } from './steps/python.mjs';
import { tensorflowStep } from './steps/tensorflow.mjs';

/** In the order they build on each other. */
export const allSteps = [packagesStep, buildStep, pythonStep, kernelStep, tensorflowStep];

/** A failed attempt that took long is not repeated at each start, only once a day and by the doctor. */
const patienceMs = 2_000;
const dayMs = 24 * 3600 * 1000;
const failureFile = (step, folder) => join(folder, `${step.name}.failed.json`);

/**
 * Brings the named parts into working order; parts already there cost a few file reads.
 *
 * @param options `steps` to see to; `skip`, names of optional steps to leave out; `retry` tries again what
 *   failed today (`now`) or leave it (`daily`); `folder` for the lock and the memory of failures.
 * @returns the parts that are missing, each `{step, reason, cure}`.
 */
export async function bootstrap({ steps = allSteps, skip = [], retry = 'daily', folder = workFolder } = {}) {
  const wanted = steps.filter(
    (step) => step.required || !(skip.includes(step.name) || skip.includes(step.needs)),
  );
  const known = new Map();
  if (wanted.every((step) => isReady(step, known, { retry, folder }))) return [...known.values()];
  const lock = await acquireLock(join(folder, 'lock'), () =>
    say('Set-up: another process is setting this workbench up; waiting for it.'),
  );
  const missing = [];
  try {
    for (const step of wanted) {
      const failure = await bring(step, lock.descriptor, { retry, folder });
      if (failure === undefined) continue;
      missing.push(failure);
      if (step.blocks) break;
    }
  } finally {
    lock.release();
  }
  return missing;
}

/** Ready, or known to be out of reach today (then noted in `known`). */
function isReady(step, known, memory) {
  try {
    if (step.check()) return true;
  } catch {
    return false;
  }
  const failure = recentFailure(step, memory);
  if (failure !== undefined) known.set(step.name, failure);
  return failure !== undefined;
}

function recentFailure(step, { retry, folder }) {
  const failure = retry === 'now' ? undefined : readStamp(failureFile(step, folder));
  return failure !== undefined && Date.now() - failure.at < dayMs ? { step, ...failure } : undefined;
}

async function bring(step, lock, memory) {
  const start = Date.now();
  try {
    if (step.check()) return undefined;
    const failure = recentFailure(step, memory);
    if (failure !== undefined) return failure;
    await step.make({ lock });
    removeStamp(failureFile(step, memory.folder));
    const seconds = Math.round((Date.now() - start) / 1000);
    say(`  ${step.title}: ready${seconds > 0 ? ` (${seconds} s)` : ''}`);
    return undefined;
  } catch (error) {
    const failure = {
      reason: error.message,
      cure: error instanceof SetupError ? error.cure : '',
      at: Date.now(),
    };
    if (!step.required && Date.now() - start > patienceMs)
      writeStamp(failureFile(step, memory.folder), failure);
    return { step, ...failure };
  }
}

/** One line for each missing part: what it is, why, what continues without it, how to get it. */
export function describeMissing({ step, reason, cure }) {
  const without = step.without === undefined ? '' : ` Without it: ${step.without}.`;
  return `${step.title}: ${reason}.${without}${cure ? ` Fix: ${cure}.` : ''}`;
}
