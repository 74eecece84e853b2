import { inputError } from 'research-basics/errors';

/** What a job asks of the cluster, as `sbatch` takes it. */
export interface Resources {
  /** Processor cores of a shard. */
  readonly cpus: number;
  /** Memory of a shard, e.g. `4G`. */
  readonly mem: string;
  /** Longest time of a shard, e.g. `04:00:00`. */
  readonly time: string;
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  readonly qos?: string | undefined;
  readonly constraint?: string | undefined;
}

const FORMS: Readonly<Record<Exclude<keyof Resources, 'cpus'>, { pattern: RegExp; example: string }>> = {
  mem: { pattern: /^\d+[KMGT]?$/, example: '4G' },
  time: { pattern: /^(\d+-)?\d{1,3}(:\d{2}){0,2}$/, example: '04:00:00' },
  partition: { pattern: /^[\w.,+-]+$/, example: 'main' },
  account: { pattern: /^[\w.,+-]+$/, example: 'lab' },
  qos: { pattern: /^[\w.,+-]+$/, example: 'normal' },
  constraint: { pattern: /^[\w.,+&|*()[\]-]+$/, example: 'avx2' },
};

/**
 * Checks what becomes part of a job script, where a blank or a line break would start another option.
 *
 * @throws UserError (`input`) naming the option and its value.
 */
export function checkResources(resources: Resources): Resources {
  for (const [name, { pattern, example }] of Object.entries(FORMS)) {
    const value = resources[name as keyof typeof FORMS];
    if (value !== undefined && (!pattern.test(value) || value.startsWith('-')))
      throw inputError(
        `--${name} ${JSON.stringify(value)}: is not in the form sbatch takes; give e.g. ${example}`,
      );
  }
  if (!Number.isInteger(resources.cpus) || resources.cpus < 1)
    throw inputError(`--cpus ${resources.cpus}: must be a whole number from 1`);
  return resources;
}

/**
 * A text as one word of a shell command, whatever it holds.
 *
 * @throws UserError (`input`) for line breaks and NUL, which no path or option of ours needs.
 */
export function shellWord(text: string): string {
  // eslint-disable-next-line no-control-regex
  if (/[\n\r\u0000]/.test(text))
    throw inputError(
      `${JSON.stringify(text)}: holds a line break, which a job script cannot carry; rename it`,
    );
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A job script to be written. */
export interface JobScript {
  readonly name: string;
  readonly resources: Resources;
  /** Program and arguments. */
  readonly command: readonly string[];
  /** `shard`: the array's task number is passed on as `--shard K/N`; `merge`: the exit code is left in a file. */
  readonly kind: { readonly shard: number } | { readonly merge: number; readonly statusFile: string };
}

/** The text of a job script: its resources as `#SBATCH` lines, then one command, every word quoted. */
export function scriptText({ name, resources, command, kind }: JobScript): string {
  const { cpus, mem, time, partition, account, qos, constraint } = checkResources(resources);
  const options = {
    'job-name': name,
    nodes: 1,
    ntasks: 1,
    'cpus-per-task': cpus,
    mem,
    time,
    partition,
    account,
    qos,
    constraint,
    'open-mode': 'append',
  };
  const words = command.map(shellWord).join(' ');
  const run =
    'shard' in kind
      ? [`exec ${words} --shard "$SLURM_ARRAY_TASK_ID/${kind.shard}"`]
      : [
          `${words} --merge ${kind.merge}`,
          'status=$?',
          `printf '%s\\n' "$status" > ${shellWord(`${kind.statusFile}.part`)}`,
          `mv ${shellWord(`${kind.statusFile}.part`)} ${shellWord(kind.statusFile)}`,
          'exit "$status"',
        ];
  return [
    '#!/bin/sh',
    ...Object.entries(options).flatMap(([option, value]) =>
      value === undefined ? [] : [`#SBATCH --${option}=${value}`],
    ),
    // A node that fails gives its shards to others; they continue from what is finished.
    '#SBATCH --requeue',
    '',
    // Threads that a library would start by itself, beyond the cores asked for.
    `export OMP_NUM_THREADS=${cpus} STM_LAB_THREADS=\${STM_LAB_THREADS:-1} TF_CPP_MIN_LOG_LEVEL=2`,
    ...run,
    '',
  ].join('\n');
}
