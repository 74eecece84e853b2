import * as path from 'node:path';
import {
  ablationWork,
  describeSubmission,
  extractionWork,
  planSubmission,
  runOnCluster,
  searchWork,
  type ClusterStatus,
  type ClusterWork,
} from '../../cluster';
import { inputError } from 'research-basics/errors';
import { FEATURE_KIND_NAMES } from '../../features';
import { ABLATION_SIZES } from '../../pipeline';
import { choiceOption, integerOption, type Command, type OptionValues } from '../command';
import { terminalContext } from '../context';
import {
  FEATURE_SETTINGS,
  featureSettings,
  KIND,
  MAX_SILENCE,
  PRESET,
  silenceOption,
  sizeOption,
} from '../stageOptions';
import { printTable } from '../table';

export const slurm: Command = {
  name: 'slurm',
  summary: 'Run extract, search or ablate on a Slurm cluster, in shards.',
  positionals: 'extract | search | ablate',
  options: {
    shards: { value: 'N', help: 'parts, one task of the array job each', required: 'yes' },
    out: {
      value: 'DIR',
      help: 'folder for the results, on a file system that the nodes share',
      required: 'yes',
    },
    manifest: { value: 'M.csv', help: 'extract: recordings' },
    kind: { ...KIND, help: `extract: ${KIND.help}` },
    features: { value: 'DIR', help: 'search, ablate: results of "stm-lab extract"' },
    ...FEATURE_SETTINGS,
    'max-silence': { ...MAX_SILENCE, help: `extract: ${MAX_SILENCE.help}` },
    reduction: { value: 'DIR', help: 'search: results of "stm-lab reduce"' },
    split: { value: 'DIR', help: 'search: results of "stm-lab split"' },
    trials: {
      value: 'N',
      help: 'search: total trials, including completed ones',
      default: "the preset's",
    },
    size: { value: 'SIZE', help: `ablate: ${ABLATION_SIZES.join(', ')}`, default: "the preset's own" },
    preset: PRESET,
    cpus: { value: 'N', help: 'cores of a part', default: '2 for extract, else 1' },
    mem: { value: 'SIZE', help: 'memory of a part', default: '4G' },
    time: { value: 'TIME', help: 'time limit per part', default: '04:00:00 for extract, else 12:00:00' },
    partition: { value: 'NAME', help: 'where to submit', default: "the cluster's default" },
    account: { value: 'NAME', help: 'who is charged' },
    qos: { value: 'NAME', help: 'quality of service' },
    constraint: { value: 'LIST', help: 'features that nodes must have' },
    'at-once': { value: 'N', help: 'parts that may run at once', default: 'as many as the cluster allows' },
    retries: { value: 'N', help: 'how many times failed parts are resubmitted', default: '2' },
    poll: { value: 'SECONDS', help: 'between two checks of the queue', default: '10' },
    journal: { value: 'DIR', help: 'folder for the run journals', default: 'OUT/../tracking' },
    'dry-run': { help: 'print the job scripts and the sbatch commands, and submit nothing' },
  },
  details: [
    'Submits one array job (one task per part) and a job that merges their results, follows both, and resubmits only the parts',
    'whose results are missing or damaged. The merged files equal those of one machine, byte for byte. Scripts and logs are in',
    'OUT/slurm. Nodes need no network: runs are tracked in journals; "stm-lab sync" sends them from here. Ctrl-C leaves the jobs',
    'running; the same command follows them again.',
  ].join('\n'),
  example:
    'stm-lab slurm extract --manifest corpus/manifest.csv --out results/corpus/features --shards 64 --partition cpu',
  async run(options, [kind], terminal) {
    const work = workOf(kind, options);
    const resources = {
      ...(options['mem'] === undefined ? {} : { mem: options['mem'] }),
      ...(options['time'] === undefined ? {} : { time: options['time'] }),
      partition: options['partition'],
      account: options['account'],
      qos: options['qos'],
      constraint: options['constraint'],
    };
    const atOnce =
      options['at-once'] === undefined
        ? undefined
        : integerOption(options, 'at-once', { min: 1, fallback: 1 });
    const all = Array.from({ length: work.shards }, (_, i) => i + 1);
    const plan = planSubmission(work, { resources, atOnce }, all, 1);
    if (options['dry-run'] !== undefined) {
      terminal.print(describeSubmission(plan));
      return 0;
    }
    const { warn, progress, signal } = terminalContext(terminal);
    let last: ClusterStatus | undefined;
    const { attempts, resubmitted, lacking } = await runOnCluster(work, {
      resources,
      atOnce,
      retries: integerOption(options, 'retries', { min: 0, max: 100, fallback: 2 }),
      pollSeconds: integerOption(options, 'poll', { min: 1, max: 3600, fallback: 10 }),
      warn,
      signal,
      onStatus: (status) => {
        progress(statusLine(work, status));
        if (JSON.stringify(status) !== JSON.stringify(last) && !process.stderr.isTTY)
          terminal.print(statusLine(work, status));
        last = status;
      },
    });
    terminal.progressDone();
    printTable(terminal, [
      { stage: work.name, shards: work.shards, submissions: attempts, 'submitted again': resubmitted.length },
    ]);
    terminal.print(`${work.out}: done; "stm-lab sync" sends the runs that the nodes recorded`);
    if (!lacking) return 0;
    terminal.warn(
      `stm-lab slurm: some cells diverged and have no result; the merge's log in ${path.join(work.out, 'slurm', 'logs')} names them`,
    );
    return 1;
  },
};

const statusLine = (work: ClusterWork, status: ClusterStatus): string => {
  const { attempt, job, shards, waiting, running, ended, merge } = status;
  const counts = `${waiting} waiting, ${running} running, ${ended} ended of ${shards}`;
  return `${work.name}, submission ${attempt}${job === undefined ? '' : ` (job ${job})`}: ${counts}; merge ${merge}`;
};

function workOf(stage: string | undefined, options: OptionValues): ClusterWork {
  const needed = (name: string): string => {
    const value = options[name];
    if (value === undefined) throw inputError(`stm-lab slurm ${stage}: --${name} is required`);
    return value;
  };
  const common = {
    out: options['out']!,
    shards: integerOption(options, 'shards', { min: 1, max: 100_000, fallback: 1 }),
    cpus: options['cpus'] === undefined ? undefined : integerOption(options, 'cpus', { min: 1, fallback: 1 }),
    journal: options['journal'],
  };
  const { preset } = options;
  if (stage === 'extract') {
    // Called --features in the version before.
    const kind = choiceOption(
      { kind: options['kind'] ?? options['features'] },
      'kind',
      FEATURE_KIND_NAMES,
      'stm',
    );
    const maxSilenceSeconds = silenceOption(options);
    return extractionWork({
      ...common,
      manifest: needed('manifest'),
      features: {
        kind,
        ...featureSettings(options, kind),
        ...(maxSilenceSeconds === undefined ? {} : { maxSilenceSeconds }),
      },
    });
  }
  if (stage === 'search')
    return searchWork({
      ...common,
      reduction: needed('reduction'),
      split: needed('split'),
      features: options['features'],
      preset,
      trials:
        options['trials'] === undefined
          ? undefined
          : integerOption(options, 'trials', { min: 1, fallback: 1 }),
    });
  if (stage === 'ablate')
    return ablationWork({
      ...common,
      features: needed('features'),
      preset,
      size: sizeOption(options),
    });
  throw inputError(`stm-lab slurm ${stage ?? ''}: must be extract, search or ablate`);
}
