import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { environmentError, inputError, messageOf, UserError } from 'research-basics/errors';
import { writeFileAtomic, readJson, writeJson } from 'research-basics/files';
import { scriptText, shellWord, type Resources } from './script';
import { cancelTasks, logPattern, queuedTasks, sbatchArguments, submitJob, taskEnd } from './slurm';
import type { QueuedTask, Submission } from './slurm';
import type { ClusterWork } from './work';

/** How a cluster is used. */
export interface ClusterOptions {
  /** What differs from the work's own resources. */
  readonly resources?: Partial<Resources> | undefined;
  /** Times that failed shards are submitted again. Default 2. */
  readonly retries?: number | undefined;
  /** Shards that may run at once. Default: as many as the cluster lets. */
  readonly atOnce?: number | undefined;
  /** Seconds between two looks at the queue. Default 10. */
  readonly pollSeconds?: number | undefined;
  readonly onStatus?: ((status: ClusterStatus) => void) | undefined;
  readonly warn?: ((line: string) => void) | undefined;
  /** Ends the following; the jobs continue, and another call follows them again. */
  readonly signal?: AbortSignal | undefined;
}

/** How far the work is. */
export interface ClusterStatus {
  /** Submission, counted from 1. */
  readonly attempt: number;
  readonly job: string | undefined;
  /** Shards of this submission. */
  readonly shards: number;
  readonly waiting: number;
  readonly running: number;
  /** Shards that have left the queue, however they ended. */
  readonly ended: number;
  readonly merge: 'waiting' | 'running' | 'ended';
}

/** What became of the work. */
export interface ClusterReport {
  /** Submissions that were needed. */
  readonly attempts: number;
  /** Shards submitted more than once, with the reasons. */
  readonly resubmitted: readonly { readonly shard: number; readonly reason: string }[];
  /** Whether the results lack what diverged; the log of the merge names it. */
  readonly lacking: boolean;
}

/** `slurm/jobs.json`: the submission to be followed. */
interface Note {
  readonly attempt: number;
  readonly shards: readonly number[];
  readonly array?: string | undefined;
  /** Missing while only the array has been submitted. */
  readonly merge?: string | undefined;
  readonly statusFile: string;
}

const folderOf = ({ out }: ClusterWork): string => path.join(out, 'slurm');

/** A submission as it is going to be made: scripts and the arguments of `sbatch`. */
export interface PlannedSubmission {
  readonly files: Readonly<Record<string, string>>;
  readonly array: Submission | undefined;
  readonly merge: Submission;
  readonly statusFile: string;
}

/** Plans the submission of shards and of the merge after them. Nothing is written. */
export function planSubmission(
  work: ClusterWork,
  options: Pick<ClusterOptions, 'resources' | 'atOnce'>,
  shards: readonly number[],
  attempt: number,
): PlannedSubmission {
  const folder = folderOf(work);
  const resources = { ...work.resources, ...definedOnly(options.resources ?? {}) };
  const program = [process.execPath, path.resolve(__dirname, '..', '..', 'bin', 'stm-lab.js'), ...work.words];
  const name = `stm-${work.name}`;
  const script = path.join(folder, `${work.name}-${attempt}.sh`);
  const mergeScript = path.join(folder, `${work.name}-${attempt}-merge.sh`);
  const statusFile = path.join(folder, `merge-${randomBytes(6).toString('hex')}.status`);
  const logs = path.join(folder, 'logs');
  const mergeResources = { ...resources, cpus: 1 };
  return {
    files: {
      [script]: scriptText({ name, resources, command: program, kind: { shard: work.shards } }),
      [mergeScript]: scriptText({
        name: `${name}-merge`,
        resources: mergeResources,
        command: program,
        kind: { merge: work.shards, statusFile },
      }),
    },
    array:
      shards.length === 0
        ? undefined
        : {
            script,
            log: logPattern(logs, `${work.name}-${attempt}-%a.log`),
            chdir: work.out,
            tasks: shards,
            atOnce: options.atOnce,
          },
    merge: {
      script: mergeScript,
      log: logPattern(logs, `${work.name}-${attempt}-merge.log`),
      chdir: work.out,
    },
    statusFile,
  };
}

/** What `--dry-run` prints: every script, and the commands that would submit them. */
export function describeSubmission({ files, array, merge }: PlannedSubmission): string {
  const command = (submission: Submission): string =>
    ['sbatch', ...sbatchArguments(submission)].map(shellWord).join(' ');
  return [
    ...Object.entries(files).map(([file, text]) => `# ${file}\n${text}`),
    ...(array === undefined ? [] : [command(array)]),
    command({ ...merge, ...(array === undefined ? {} : { after: 'JOB' }) }),
  ].join('\n');
}

const definedOnly = <T extends object>(value: T): Partial<T> =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Partial<T>;

/**
 * Runs a stage on a Slurm cluster: an array job of its shards and a job that merges them, followed to the end. Shards
 * that fail (determined from their results, not by what the cluster says) are submitted again, and only they. Jobs of an
 * earlier call that are still in the queue are followed instead of submitted again.
 *
 * @throws UserError: `environment` when Slurm is missing or refuses, or shards keep failing; `interrupted` on `signal`.
 */
export async function runOnCluster(work: ClusterWork, options: ClusterOptions = {}): Promise<ClusterReport> {
  const { retries = 2, warn } = options;
  if (!Number.isInteger(work.shards) || work.shards < 1)
    throw inputError(`--shards ${work.shards}: must be a whole number from 1`);
  fs.mkdirSync(path.join(folderOf(work), 'logs'), { recursive: true });
  const resubmitted: { shard: number; reason: string }[] = [];
  let note = await activeNote(work, options);
  for (let attempt = 1; ; attempt++) {
    note ??= await submit(work, options, work.unfinished(), attempt);
    const shown = note.attempt;
    await untilGone(note, options);
    const status = mergeStatus(note);
    const left = work.unfinished();
    // An ablation that ends with 1 lacks cells that diverged, and would diverge again.
    const lacking = status === 1 && work.name === 'ablate';
    if ((status === 0 || lacking) && left.length === 0) return { attempts: attempt, resubmitted, lacking };
    const reasons = await Promise.all(
      left.map(async ({ shard, reason }) => {
        const end = note?.array === undefined ? undefined : await taskEnd(note.array, shard);
        return `shard ${shard} ${reason}${end === undefined ? '' : ` (${end})`}`;
      }),
    );
    const merge = `the merge ${status === undefined ? 'was stopped' : `ended with ${status}`}`;
    const logs = path.join(folderOf(work), 'logs', `${work.name}-${shown}-`);
    const what = `${left.length === 0 ? merge : reasons.slice(0, 5).join('; ')}${left.length > 5 ? ` and ${left.length - 5} more` : ''}; logs: ${logs}*.log`;
    if (attempt > retries)
      throw environmentError(`${work.out}: given up after ${attempt} submissions: ${what}`);
    warn?.(`submitting again what failed: ${what}`);
    resubmitted.push(...left);
    note = await submit(work, options, left, shown + 1);
  }
}

const noteFile = (work: ClusterWork): string => path.join(folderOf(work), 'jobs.json');

/** The submission of an earlier call whose jobs are still in the queue; its merge is submitted where that was cut short. */
async function activeNote(work: ClusterWork, options: ClusterOptions): Promise<Note | undefined> {
  let note: Note;
  try {
    note = readJson<Note>(noteFile(work));
  } catch {
    return undefined;
  }
  if ((await queuedTasks(jobsOf(note))).length === 0) return undefined;
  if (note.merge !== undefined) return note;
  const plan = planSubmission(work, options, note.shards, note.attempt);
  for (const [file, text] of Object.entries(plan.files)) writeFileAtomic(file, text);
  return submitMerge(work, plan, note);
}

const jobsOf = ({ array, merge }: Note): string[] => [array, merge].filter((job) => job !== undefined);

async function submit(
  work: ClusterWork,
  options: ClusterOptions,
  unfinished: readonly { readonly shard: number }[],
  attempt: number,
): Promise<Note> {
  const shards = unfinished.map(({ shard }) => shard);
  const plan = planSubmission(work, options, shards, attempt);
  for (const [file, text] of Object.entries(plan.files)) writeFileAtomic(file, text);
  if (plan.array === undefined) return submitMerge(work, plan, { attempt, shards });
  const note: Note = { attempt, shards, array: await submitJob(plan.array), statusFile: plan.statusFile };
  // At once: whatever happens before the merge is submitted, the next call finds the array instead of repeating it.
  writeJson(noteFile(work), note);
  return submitMerge(work, plan, note);
}

/** Submits the merge that waits for the note's array, and remembers it. */
async function submitMerge(
  work: ClusterWork,
  plan: PlannedSubmission,
  note: Omit<Note, 'statusFile'>,
): Promise<Note> {
  const merge = await submitJob({ ...plan.merge, after: note.array });
  const whole: Note = { ...note, merge, statusFile: plan.statusFile };
  writeJson(noteFile(work), whole);
  return whole;
}

/** Looks at the queue until the jobs have left it. */
async function untilGone(note: Note, options: ClusterOptions): Promise<void> {
  const { pollSeconds = 10, onStatus, warn, signal } = options;
  for (let failures = 0; ;) {
    let tasks: QueuedTask[] | undefined;
    try {
      tasks = await queuedTasks(jobsOf(note));
      failures = 0;
    } catch (error) {
      // The controller restarts, or is busy: jobs continue meanwhile.
      if (++failures >= 30) throw error;
      if (failures === 1) warn?.(`${messageOf(error)}; looking again`);
    }
    if (tasks !== undefined) {
      onStatus?.(statusOf(note, tasks));
      if (tasks.length === 0) return;
      // Held after a node failed to start them: they would wait for ever, while the merge waits for them.
      await cancelTasks(tasks.filter(({ state, reason }) => state === 'PENDING' && /held/i.test(reason)));
    }
    await pause(pollSeconds * 1000, signal);
    if (signal?.aborted)
      throw new UserError(
        'interrupted',
        `jobs ${jobsOf(note).join(' and ')} continue; run the same command to follow them again, or "scancel ${jobsOf(note).join(' ')}" to stop them`,
      );
  }
}

function statusOf(note: Note, tasks: readonly QueuedTask[]): ClusterStatus {
  const own = tasks.filter(({ job }) => job === note.array);
  const waiting = own.filter(({ state }) => state === 'PENDING').length;
  const running = own.length - waiting;
  const merge = tasks.find(({ job }) => job === note.merge);
  return {
    attempt: note.attempt,
    job: note.array,
    shards: note.shards.length,
    waiting,
    running,
    ended: note.shards.length - own.length,
    merge: merge === undefined ? 'ended' : merge.state === 'PENDING' ? 'waiting' : 'running',
  };
}

function mergeStatus({ statusFile }: Note): number | undefined {
  try {
    return Number(fs.readFileSync(statusFile, 'utf8'));
  } catch {
    return undefined;
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done);
  });
}
