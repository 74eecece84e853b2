import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { writeWav } from 'stm-lab/dist/audio';
import { writeCsv } from 'stm-lab/dist/base/csv';
import { runCommandLine } from 'stm-lab/dist/cli/main';
import { sha256File } from 'research-basics/files';
import { randomState } from 'research-basics/random/mt19937';

// Nothing that is tested goes to the user's own server.
for (const name of Object.keys(process.env)) if (name.startsWith('MLFLOW_')) delete process.env[name];

const home = path.resolve(__dirname, '..', '..');
export const program = path.join(home, 'lib', 'stm-lab', 'bin', 'stm-lab.js');

/** A fresh folder below the system's temporary one. */
export function temporaryFolder(name: string): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), `stm-lab-${name}-`));
}

/** Three kinds of sound: slowly modulated noise, a steady harmonic tone, rapid bursts of noise. */
function tinySound(kind: number, group: number, take: number): Float32Array {
  const random = randomState(1 + kind * 100 + group * 10 + take);
  return Float32Array.from({ length: 67200 }, (_, n) => {
    const t = n / 16000;
    const noise = random.normal();
    if (kind === 0) return 0.08 * (1 + 0.9 * Math.sin(2 * Math.PI * (3 + 0.1 * group) * t)) * noise;
    if (kind === 2) return 0.15 * Math.exp(-((t * (9 + 0.2 * group)) % 1) * 6) * noise;
    let tone = 0.01 * noise;
    for (let h = 1; h <= 20; h++)
      tone += 0.02 * Math.sin(2 * Math.PI * h * (180 + 9 * group + 4 * take) * t + h * h);
    return tone;
  });
}

/** What `tinyCorpus` makes. */
interface TinyCorpus {
  readonly labels?: readonly string[];
  /** Groups of each class. */
  readonly groups?: number;
  /** Recordings of each group. */
  readonly takes?: number;
}

/** 3 classes x 6 groups x 2 recordings of 4.2 s, on which every stage runs in seconds. Returns the manifest. */
export function tinyCorpus(
  folder: string,
  { labels = ['class 0', 'class 1', 'class 2'], groups = 6, takes = 2 }: TinyCorpus = {},
): string {
  const rows = labels.flatMap((label, kind) =>
    Array.from({ length: groups * takes }, (_, i) => {
      const [group, take] = [Math.floor(i / takes), i % takes];
      const name = `c${kind}/g${group}-${take}.wav`;
      writeWav(path.join(folder, name), tinySound(kind % 3, group + 6 * Math.floor(kind / 3), take), 16000);
      return { path: name, label, group: `speaker ${kind}-${group}` };
    }),
  );
  const manifest = path.join(folder, 'manifest.csv');
  writeCsv(manifest, ['path', 'label', 'group'], rows, { formulas: 'keep' });
  return manifest;
}

/** An experiment small enough for tests, as a JSON file. */
export function tinyExperiment(folder: string): string {
  const fit = { epochs: 4, batchSize: 8, accumulation: 1, learningRate: 0.003, biasCorrection: 'standard' };
  const file = path.join(folder, 'tiny.json');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(
    file,
    JSON.stringify({
      name: 'tiny',
      title: 'for tests',
      features: { kind: 'stm', channels: 'published' },
      split: { folds: 3, seed: 23, flavour: 'corrected', domains: 'together' },
      reduction: { method: 'exact', components: 8 },
      search: {
        sampler: 'gp',
        trials: 4,
        executions: 1,
        seed: 1,
        objective: 'macroF1',
        family: 'dropout',
        space: {
          num_layers: { type: 'int', min: 1, max: 2 },
          units_0: { type: 'int', min: 8, max: 32, step: 8 },
          units_1: { type: 'int', min: 8, max: 32, step: 8, when: { parameter: 'num_layers', atLeast: 2 } },
          lr: { type: 'float', min: 0.001, max: 0.01, scale: 'log' },
        },
        fit,
      },
      model: { family: 'dropout', hidden: [{ units: 16 }], fit: { ...fit, epochs: 40 } },
      protocol: {
        name: 'corrected',
        fit: { epochs: 6, earlyStopping: { monitor: 'macroF1', direction: 'maximise' }, restore: 'best' },
      },
      crossValidation: { folds: 3, seeds: 1 },
      ablation: {
        passes: ['low', 'not-low'],
        rateHz: [4],
        scaleCycPerOct: [2],
        marginals: 'yes',
        folds: 2,
        seeds: 1,
      },
      comparison: {
        folds: 3,
        seeds: 1,
        reference: 'STM-MLP',
        resamples: 100,
        rows: [
          { name: 'STM-MLP' },
          { name: 'logistic regression', logistic: { C: 0.01 } },
          { name: 'linear SVM', svm: { kernel: 'linear', C: 0.01 } },
          { name: 'mel MLP', features: { kind: 'mel' } },
          { name: 'mel MLP, leaking as published', features: { kind: 'mel' }, basis: 'each-part' },
        ],
      },
    }),
  );
  return file;
}

/** What a finished command left. */
export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const environment = (): NodeJS.ProcessEnv => {
  const inherited = { ...process.env };
  for (const name of Object.keys(inherited)) if (/^(STM_LAB_|MLFLOW_)/.test(name)) delete inherited[name];
  return inherited;
};

/** Runs `stm-lab` to its end. */
export const stmLab = (...args: string[]): Finished => finished(args, environment());

/** Runs a command line in this process: for what depends on no process of its own, in a hundredth of the time. */
export async function stmLabHere(...args: string[]): Promise<Finished> {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    print: (line: string): void => void out.push(`${line}\n`),
    warn: (line: string): void => void err.push(`${line}\n`),
    progress: (): void => undefined,
    progressDone: (): void => undefined,
  };
  const code = await runCommandLine(args, terminal);
  return { code, out: out.join(''), err: err.join('') };
}

/** Runs `stm-lab` to its end with environment variables of its own. */
export const stmLabWith = (variables: NodeJS.ProcessEnv, ...args: string[]): Finished =>
  finished(args, { ...environment(), ...variables });

/** Runs `stm-lab` to its end with an MLflow server. */
export const stmLabAt = (uri: string, ...args: string[]): Finished =>
  stmLabWith({ MLFLOW_TRACKING_URI: uri }, ...args);

function finished(args: readonly string[], env: NodeJS.ProcessEnv): Finished {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    env,
  });
  return { code: status, out: stdout, err: stderr };
}

/** Starts `stm-lab` beside others and resolves with what it left. */
export function stmLabStarted(...args: string[]): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { env: environment() });
    let out = '';
    let err = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** Starts `stm-lab` and kills it with SIGKILL after some time; resolves to whether it was still running. */
export function stmLabKilledAfter(milliseconds: number, ...args: string[]): Promise<'killed' | 'finished'> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: 'ignore', env: environment() });
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    child.on('exit', (_code, signal) => {
      clearTimeout(timer);
      resolve(signal === 'SIGKILL' ? 'killed' : 'finished');
    });
  });
}

/**
 * Hashes of the results that are to be equal whatever happened meanwhile, by relative path: not journals, nor the table of
 * trials, which hold times.
 */
export function resultHashes(results: string): Record<string, string> {
  const hashes: Record<string, string> = {};
  for (const name of fs.readdirSync(results, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(results, name);
    if (!fs.statSync(file).isFile()) continue;
    if (/(^|\/)(tracking|\.work)\/|journal\.log|\.lock|search\/(stage\.json|trials\.csv)/.test(name))
      continue;
    hashes[name] = sha256File(file);
  }
  return hashes;
}

/** A run's key without the folder of a search, to which its run and those of its trials belong. */
export const withoutSearchFolder = (key: string): string =>
  key.replace(/^search-run-\w+$/, 'search-run').replace(/(-trial-\d+)-\w+$/, '$1');
