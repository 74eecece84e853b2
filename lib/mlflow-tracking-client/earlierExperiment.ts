import type { StartEntry } from './journal';

/** What was reported, per folder and experiments: a process may have many trackers, each with many runs. */
const reported = new Set<string>();

/**
 * What to say of a run that resumes in another experiment than the tracker's, as after a renamed preset: one sentence
 * for all such runs of a folder, for the first one in this process; otherwise undefined.
 */
export function earlierExperimentWarning(
  folder: string,
  { name, experiment: earlier }: StartEntry,
  experiment: string,
): string | undefined {
  const which = JSON.stringify([folder, earlier, experiment]);
  if (earlier === experiment || reported.has(which)) return undefined;
  reported.add(which);
  return `runs in ${folder} that were started in experiment "${earlier}" ("${name}" is the first) continue there, not in "${experiment}"`;
}
