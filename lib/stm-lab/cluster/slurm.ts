import { execFile } from 'node:child_process';
import { environmentError, inputError, messageOf } from 'research-basics/errors';

/** A job array's or job's tasks in the queue. */
export interface QueuedTask {
  readonly job: string;
  /** Task number of an array; undefined for a single job. */
  readonly task: number | undefined;
  /** Slurm's state, e.g. `PENDING`, `RUNNING`. */
  readonly state: string;
  readonly node: string;
  readonly reason: string;
}

/** What `sbatch` is given beside the script. */
export interface Submission {
  readonly script: string;
  /** Log file, with Slurm's `%a` for the task number. */
  readonly log: string;
  readonly chdir: string;
  /** Task numbers of an array. */
  readonly tasks?: readonly number[];
  /** Tasks that may run at once. */
  readonly atOnce?: number | undefined;
  /** Starts when this job has ended, however it ended. */
  readonly after?: string | undefined;
}

/** Names of environment variables that jobs, which track offline, have no use for and that Slurm would keep on its disks. */
const SECRET = /^(MLFLOW_|AWS_|AZURE_|GOOGLE_)|TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY/i;

function jobEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !SECRET.test(name) && !/^S(BATCH|LURM)_/.test(name)),
  );
}

/** Runs one of Slurm's programs: no shell, so that no argument is ever more than an argument. */
function run(program: string, args: readonly string[]): Promise<string> {
  // SLURM_CONF says which cluster; the rest of SLURM_* describes a job this process may itself be part of.
  const { SLURM_CONF } = process.env;
  const env = { ...jobEnvironment(), ...(SLURM_CONF === undefined ? {} : { SLURM_CONF }) };
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        return reject(
          environmentError(
            `${program} is not on the PATH: run this on a login node of a Slurm cluster, or load its module`,
          ),
        );
      const reason = stderr.trim().replace(/\s*\n\s*/g, '; ') || messageOf(error);
      reject(environmentError(`${program} refuses: ${reason}`, error));
    });
  });
}

/**
 * A job log's name: the folder is taken literally, where Slurm would replace signs after `%`.
 *
 * @throws UserError (`input`) for a folder with a backslash or a line break in its name.
 */
export function logPattern(folder: string, pattern: string): string {
  if (/[\\\n\r]/.test(folder))
    throw inputError(
      `${folder}: Slurm cannot write logs to a folder with a backslash in its name; choose another --out`,
    );
  return `${folder.replaceAll('%', '%%')}/${pattern}`;
}

/** The arguments of `sbatch`. */
export function sbatchArguments({ script, log, chdir, tasks, atOnce, after }: Submission): string[] {
  return [
    '--parsable',
    `--output=${log}`,
    `--chdir=${chdir}`,
    ...(tasks === undefined
      ? []
      : [`--array=${taskRanges(tasks)}${atOnce === undefined ? '' : `%${atOnce}`}`]),
    ...(after === undefined ? [] : [`--dependency=afterany:${after}`]),
    script,
  ];
}

/** Task numbers as Slurm writes them, e.g. `1-4,7`. */
export function taskRanges(tasks: readonly number[]): string {
  const sorted = [...tasks].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const task of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && task === last[1] + 1) last[1] = task;
    else ranges.push([task, task]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

/**
 * The job number in what `sbatch --parsable` printed: the last line that is a number, or number and cluster
 * (`4242;cluster`). Sites print banners around it.
 */
export function jobNumber(answer: string): string | undefined {
  return [...answer.matchAll(/^[ \t]*(\d+)(?:;\S*)?[ \t\r]*$/gm)].at(-1)?.[1];
}

/**
 * Submits a job.
 *
 * @returns its number.
 * @throws UserError (`environment`) with Slurm's own words.
 */
export async function submitJob(submission: Submission): Promise<string> {
  const answer = await run('sbatch', sbatchArguments(submission));
  const id = jobNumber(answer);
  if (id === undefined)
    throw environmentError(
      `sbatch accepted ${submission.script} but printed no job number, only "${answer.trim().slice(-200)}"; find the job with "squeue --me" and cancel it ("scancel NUMBER") before submitting again`,
    );
  return id;
}

/** The tasks of the given jobs that wait or run. */
export async function queuedTasks(jobs: readonly string[]): Promise<QueuedTask[]> {
  const text = await run('squeue', ['--me', '--noheader', '--array', '--format=%F|%K|%T|%N|%r']);
  return parseQueue(text).filter(({ job }) => jobs.includes(job));
}

/** The lines of `squeue --format=%F|%K|%T|%N|%r`. */
export function parseQueue(text: string): QueuedTask[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [job = '', task = '', state = '', node = '', reason = ''] = line
        .split('|')
        .map((cell) => cell.trim());
      return { job, task: /^\d+$/.test(task) ? Number(task) : undefined, state, node, reason };
    });
}

/** Takes tasks out of the queue. */
export async function cancelTasks(tasks: readonly Pick<QueuedTask, 'job' | 'task'>[]): Promise<void> {
  if (tasks.length === 0) return;
  await run(
    'scancel',
    tasks.map(({ job, task }) => (task === undefined ? job : `${job}_${task}`)),
  );
}

/** How a task that has left the queue ended, in Slurm's words, where they are still available. */
export async function taskEnd(job: string, task: number | undefined): Promise<string | undefined> {
  const name = task === undefined ? job : `${job}_${task}`;
  try {
    const text = await run('sacct', ['-nPX', `--jobs=${name}`, '--format=State,ExitCode,NodeList']);
    const [state, code, node] = text.trim().split('\n')[0]!.split('|');
    if (state) return `${state} on ${node}, exit ${code}`;
  } catch {
    // No accounting on this cluster.
  }
  try {
    const text = await run('scontrol', ['show', 'job', name, '--oneliner']);
    const field = (key: string): string => new RegExp(`(?:^| )${key}=(\\S+)`).exec(text)?.[1] ?? '?';
    return `${field('JobState')} on ${field('NodeList')}, exit ${field('ExitCode')}`;
  } catch {
    return undefined;
  }
}
