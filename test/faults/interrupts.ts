/**
 * SIGINT and SIGTERM to every command that takes long, at several moments: each must end within two seconds with the
 * signal's status, and the same command must then end with the bytes of an undisturbed run.
 *
 *     npm run test:interrupts [-- --only WORD,WORD]
 */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { writeWav } from 'stm-lab/dist/audio';
import { sha256File } from 'research-basics/files';
import { randomState } from 'research-basics/random/mt19937';
import { siblingPresets } from '../pipeline/siblingPresets';
import { program, stmLab, tinyCorpus, tinyExperiment } from '../pipeline/support';

const STATUS = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof STATUS;

/** A command as it is interrupted. */
interface Long {
  readonly name: string;
  /** Words of the command line that writes to `out`. */
  readonly words: (out: string) => readonly string[];
  /** Commands whose results it reads; run once, undisturbed. */
  readonly needs?: readonly string[];
  /** It never ends by itself: the interruption waits for this text. */
  readonly endless?: RegExp;
  readonly environment?: NodeJS.ProcessEnv;
  /** Files that say when, not what. */
  readonly unlike?: RegExp;
  /** Ends whatever it must not leave running. */
  readonly after?: (out: string) => void;
}

/** What one interruption came to. */
export interface Interruption {
  readonly command: string;
  readonly signal: StopSignal;
  /** `finished`: the command ended before the signal; 0: it was about to. */
  readonly status: number | string;
  readonly seconds: number;
  readonly problem?: string;
}

const beating = (seconds: number, beatHz: number, seed: number): Float32Array => {
  const state = randomState(seed);
  return Float32Array.from(
    { length: seconds * 16000 },
    (_, i) => 0.2 * state.normal() * (1 + Math.sin((2 * Math.PI * beatHz * i) / 16000)),
  );
};

/** Spoken digits of two, and speech with its annotation. */
function strfSources(folder: string): { digits: string; speech: string } {
  const [digits, speech] = [path.join(folder, 'digits'), path.join(folder, 'speech')] as const;
  fs.mkdirSync(speech, { recursive: true });
  for (const [s, speaker] of ['ann', 'bob'].entries())
    for (let i = 0; i < 8; i++)
      writeWav(path.join(digits, `0_${speaker}_${i}.wav`), beating(1, 4 + 10 * s, 10 * s + i + 1), 16000);
  for (const [part, name] of [
    ['train', 'trn0'],
    ['development', 'dev0'],
    ['test', 'tst0'],
  ] as const) {
    writeWav(path.join(speech, `${name}.wav`), beating(4, 1, name.length), 16000);
    fs.writeFileSync(path.join(speech, `${part}.lst`), `${name}\n`);
    fs.writeFileSync(path.join(speech, `${part}.rttm`), `SPEAKER ${name} 1 1.0 2.0 <NA> <NA> A <NA> <NA>\n`);
  }
  return { digits, speech };
}

/** Programs of a cluster whose jobs wait for ever. */
function idleCluster(folder: string): NodeJS.ProcessEnv {
  const bin = path.join(folder, 'cluster');
  fs.mkdirSync(bin, { recursive: true });
  const programs = { sbatch: 'echo 7', squeue: "echo '7|1|PENDING||Priority'", scancel: ':', sacct: ':' };
  for (const [name, does] of Object.entries(programs))
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
  return { PATH: `${bin}${path.delimiter}${process.env['PATH']}` };
}

function longCommands(folder: string): Long[] {
  const manifest = tinyCorpus(path.join(folder, 'corpus'));
  const few = path.join(path.dirname(manifest), 'few.csv');
  // Two groups that hold all classes, each once left out.
  const rows = fs
    .readFileSync(manifest, 'utf8')
    .replace(/speaker \d-(\d)/g, (_, group) => `half ${Number(group) % 2}`);
  fs.writeFileSync(few, rows);
  const experiment = tinyExperiment(folder);
  const { digits, speech } = strfSources(folder);
  const { tmnn, strf } = siblingPresets(folder, { epochs: 6, steps: 30 });
  const done = (name: string): string => path.join(folder, 'expected', name, 'out');
  const quiet = ['--tracking', 'disabled'];
  const trained = ['--reduction', done('reduce'), '--split', done('split')];
  const own = ['--preset', experiment, ...quiet];
  const onCorpus = (out: string): string[] => [
    ...['--manifest', manifest, '--preset', experiment, '--results', out],
  ];
  const strfTask = (name: string, source: string): Long => ({
    name: `strf ${name}`,
    words: (out) => ['strf', name, '--manifest', source, '--out', out, '--preset', strf, ...quiet],
    unlike: /checkpoint/,
  });
  return [
    { name: 'extract', words: (out) => ['extract', '--manifest', manifest, '--out', out, ...quiet] },
    { name: 'split', words: (out) => ['split', '--features', done('extract'), '--out', out, ...own], needs: ['extract'] }, // prettier-ignore
    { name: 'reduce', words: (out) => ['reduce', '--features', done('extract'), '--split', done('split'), '--out', out, ...own], needs: ['split'] }, // prettier-ignore
    { name: 'search', words: (out) => ['search', ...trained, '--out', out, ...own], needs: ['reduce'], unlike: /journal\.log|stage\.json|trials\.csv/ }, // prettier-ignore
    { name: 'search in processes', words: (out) => ['search', ...trained, '--out', out, '--workers', '2', ...own], needs: ['reduce'], unlike: /./ }, // prettier-ignore
    { name: 'train', words: (out) => ['train', ...trained, '--search', done('search'), '--out', out, ...own], needs: ['search'] }, // prettier-ignore
    { name: 'evaluate', words: (out) => ['evaluate', ...trained, '--model', done('train'), '--out', out, ...own], needs: ['train'] }, // prettier-ignore
    { name: 'cross-validate', words: (out) => ['evaluate', '--features', done('extract'), '--out', out, ...own], needs: ['extract'] }, // prettier-ignore
    { name: 'ablate', words: (out) => ['ablate', '--features', done('extract'), '--out', out, '--workers', '1', ...own], needs: ['extract'] }, // prettier-ignore
    { name: 'ablate in processes', words: (out) => ['ablate', '--features', done('extract'), '--out', out, '--workers', '2', ...own], needs: ['extract'] }, // prettier-ignore
    { name: 'compare', words: (out) => ['compare', ...onCorpus(out), ...quiet] },
    { name: 'occlude', words: (out) => ['figures', 'occlusion', ...onCorpus(out)] },
    { name: 'figures', words: (out) => ['figures', 'class-means', 'ablation', ...onCorpus(out)] },
    // filtered.csv names recordings relative to the folder, which is another one each time.
    { name: 'filter', words: (out) => ['filter', few, '--keep', 'rate<=4', '--out', out, ...quiet], unlike: /filtered\.csv/ }, // prettier-ignore
    {
      name: 'study',
      words: (out) => ['study', 'learning-curve', '--manifest', manifest, '--results', out, ...quiet],
    },
    { name: 'tmnn', words: (out) => ['tmnn', 'train', '--manifest', manifest, '--out', out, '--preset', tmnn, ...quiet], unlike: /study\.json|cell\.json|scores\.csv|stage\.json/ }, // prettier-ignore
    strfTask('speaker', digits),
    strfTask('speech', speech),
    strfTask('birds', few),
    strfTask('urban', few),
    { name: 'reproduce', words: (out) => ['reproduce', ...onCorpus(out), '--notebooks', 'skip', '--tracking', 'offline'] }, // prettier-ignore
    { name: 'slurm', words: (out) => ['slurm', 'extract', '--manifest', manifest, '--out', out, '--shards', '2', '--poll', '1'], endless: /1 waiting|submission/, environment: idleCluster(folder) }, // prettier-ignore
    { name: 'ui', words: (out) => ['ui', '--folder', out], endless: /Ctrl-C/ },
    { name: 'ui while it starts', words: (out) => ['ui', '--folder', out], endless: /^/ },
    {
      name: 'lab',
      words: () => ['lab', '--no-browser', '--allow-root', '--port-retries=200'],
      endless: /http:\/\/127\.0\.0\.1/,
    },
  ];
}

interface Ended {
  readonly status: number | string;
  readonly seconds: number;
  readonly err: string;
}

/** Starts a command, and sends it a signal when `moment` says so. */
function interrupt(
  words: readonly string[],
  signal: StopSignal,
  moment: number | RegExp,
  environment: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(STM_LAB_|MLFLOW_)/.test(name));
    const child = spawn(process.execPath, [program, ...words], {
      env: { ...Object.fromEntries(inherited), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [text, err, sent] = ['', '', 0];
    const send = (): void => {
      if (sent > 0) return;
      sent = performance.now();
      child.kill(signal);
    };
    const timer = setTimeout(
      send,
      typeof moment === 'number' ? moment : moment.source === '^' ? 2500 : 120_000,
    );
    const heard = (data: Buffer): void => {
      text += data.toString();
      if (typeof moment !== 'number' && moment.source !== '^' && moment.test(text)) send();
    };
    child.stdout.on('data', heard);
    child.stderr.on('data', (data: Buffer) => {
      err += data.toString();
      heard(data);
    });
    child.on('exit', (code, by) => {
      clearTimeout(timer);
      // Before Node.js runs the program, the signal itself ends the process; a shell reports that as the same status.
      const status = sent === 0 ? 'finished' : (code ?? (by === signal ? STATUS[signal] : by!));
      resolve({ status, seconds: sent === 0 ? 0 : (performance.now() - sent) / 1000, err });
    });
  });
}

const isDone = ({ status }: Ended): boolean => status === 'finished' || status === 0;

/** Hashes of the files below a folder, but for journals, locks and what says only when. */
function hashes(folder: string, unlike: RegExp | undefined): Record<string, string> {
  if (!fs.existsSync(folder)) return {};
  return Object.fromEntries(
    fs
      .readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .sort()
      .filter((name) => fs.statSync(path.join(folder, name)).isFile())
      .filter(
        (name) =>
          !/(^|\/)(tracking|\.work|mlflow|checkpoint)\/|journal\.log|\.lock|search\/(stage\.json|trials\.csv)/.test(
            name,
          ),
      )
      .filter((name) => unlike === undefined || !unlike.test(name))
      .map((name) => [name, sha256File(path.join(folder, name))]),
  );
}

/** Interrupts the commands whose name is one of `only` (default all), each by every signal at every moment. */
export async function interruptCommands(
  options: {
    readonly only?: readonly string[];
    readonly signals?: readonly StopSignal[];
    /** Shares of the undisturbed run's duration. */
    readonly moments?: readonly number[];
    readonly onEnd?: (one: Interruption) => void;
  } = {},
): Promise<Interruption[]> {
  const { only, signals = ['SIGINT', 'SIGTERM'], moments = [0.15, 0.6, 0.85] } = options;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-interrupts-'));
  const found: Interruption[] = [];
  try {
    const commands = longCommands(folder);
    const durations = new Map<string, number>();
    const undisturbed = (name: string): number => {
      const known = durations.get(name);
      if (known !== undefined) return known;
      const command = commands.find((one) => one.name === name)!;
      command.needs?.forEach(undisturbed);
      const began = performance.now();
      const { code, err } = stmLab(...command.words(path.join(folder, 'expected', name, 'out')));
      if (code !== 0) throw new Error(`${name}: the undisturbed run failed: ${err}`);
      durations.set(name, performance.now() - began);
      return durations.get(name)!;
    };
    for (const command of commands) {
      const { name, words, endless, environment, unlike } = command;
      if (only !== undefined && !only.includes(name)) continue;
      const duration = endless === undefined ? undisturbed(name) : 0;
      for (const signal of signals)
        for (const [m, moment] of (endless === undefined ? moments : [endless]).entries()) {
          const root = path.join(folder, `${name}-${signal}-${m}`);
          const out = path.join(root, 'out');
          let when = typeof moment === 'number' ? moment * duration : moment;
          let ended = await interrupt(words(out), signal, when, environment);
          // A machine that has become faster was done before the signal took effect: earlier, then.
          for (let earlier = 0; earlier < 3 && typeof when === 'number' && isDone(ended); earlier++) {
            fs.rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
            when /= 2;
            ended = await interrupt(words(out), signal, when, environment);
          }
          const { status, seconds, err } = ended;
          let problem: string | undefined;
          // Results of work that was done when the signal came are compared all the same.
          if (!isDone(ended) && status !== STATUS[signal]) problem = `status ${status}: ${err.slice(-500)}`;
          else if (seconds > 2) problem = `${seconds.toFixed(1)} s`;
          else if (/\n {4}at /.test(err)) problem = `a stack: ${err.slice(-500)}`;
          if (problem === undefined && endless === undefined) {
            const again = stmLab(...words(out));
            const expected = hashes(path.join(folder, 'expected', name, 'out'), unlike);
            const own = hashes(out, unlike);
            const differs = [...new Set([...Object.keys(expected), ...Object.keys(own)])].filter(
              (file) => expected[file] !== own[file],
            );
            if (again.code !== 0) problem = `cannot be continued: ${again.err.slice(-500)}`;
            else if (differs.length > 0) problem = `other bytes: ${differs.slice(0, 6).join(', ')}`;
          }
          const one: Interruption = {
            command: name,
            signal,
            status,
            seconds,
            ...(problem === undefined ? {} : { problem }),
          };
          found.push(one);
          options.onEnd?.(one);
          fs.rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
        }
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
  return found;
}

if (require.main === module) {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, signals: { type: 'string' }, moments: { type: 'string' } },
  });
  const list = (text: string | undefined): string[] | undefined => text?.split(',');
  void interruptCommands({
    ...(values.only === undefined ? {} : { only: list(values.only)! }),
    ...(values.signals === undefined ? {} : { signals: list(values.signals) as StopSignal[] }),
    ...(values.moments === undefined ? {} : { moments: list(values.moments)!.map(Number) }),
    onEnd: ({ command, signal, status, seconds, problem }) =>
      console.log(
        `${command.padEnd(22)} ${signal.padEnd(8)} ${String(status).padEnd(9)} ${seconds.toFixed(2)} s  ${problem ?? ''}`,
      ),
  }).then((all) => {
    const wrong = all.filter(({ problem }) => problem !== undefined).length;
    console.log(
      `${all.length} interruptions, ${wrong} wrong, slowest ${Math.max(...all.map(({ seconds }) => seconds)).toFixed(2)} s`,
    );
    process.exitCode = wrong === 0 ? 0 : 1;
  });
}
