import * as fs from 'node:fs';
import * as path from 'node:path';
import { planCorpus, type PlannedRecording, type PlanOptions } from 'demo-corpus';
import { designResampler, resample, writeWav } from '../../audio';
import { writeCsv } from '../../base/csv';
import { inputError } from 'research-basics/errors';
import { readJson, sha256, sha256File, writeJson } from 'research-basics/files';
import { checkSeed } from 'research-basics/random/seeds';

/** Raised whenever any recording of the same seed changes. */
export const DEMO_CORPUS_VERSION = 1;

/** The licence column of its manifest, by which a copy of it is known anywhere. */
export const DEMO_CORPUS_LICENCE = 'synthetic (stm-lab demo corpus)';

/** What to generate, and where. */
export interface DemoCorpusOptions {
  /** Folder of the corpus; made when missing. */
  readonly folder: string;
  /** Integer 1 .. 2^31 - 1; another seed gives another corpus. Default 1. */
  readonly seed?: number;
  /** Recordings of each of the six classes. Default 34 (204 in all, 12 groups a class). */
  readonly recordings?: number;
  /** Shortest recording in seconds, at least 4 (one excerpt). Default 8. */
  readonly minSeconds?: number;
  /** Longest recording in seconds. Default 16. */
  readonly maxSeconds?: number;
  /** Called once for each recording that has been made or found finished. */
  readonly onProgress?: (progress: DemoCorpusProgress) => void;
}

/** How far the generation is. */
export interface DemoCorpusProgress {
  readonly done: number;
  readonly total: number;
  /** The recording, relative to the folder. */
  readonly path: string;
  readonly outcome: 'made' | 'kept';
}

/** A finished corpus. */
export interface DemoCorpus {
  /** Absolute path of `manifest.csv`. */
  readonly manifest: string;
  /** Recordings in the corpus. */
  readonly recordings: number;
  /** Recordings made by this call; the others were there already. */
  readonly made: number;
}

/** `corpus.json`: what the folder holds. Written before the first recording and again at the end. */
interface CorpusRecord {
  readonly name: 'synthetic demo corpus';
  readonly version: number;
  readonly parameters: PlanOptions;
  readonly state: 'unfinished' | 'complete';
  /** SHA-256 of `files`; empty while unfinished. */
  readonly hash: string;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

const COLUMNS = [
  'path',
  'label',
  'group',
  'language_or_genre',
  'duration_s',
  'sample_rate',
  'channels',
  'source_repo',
  'source_path',
  'licence',
] as const;

/**
 * Generates the synthetic demo corpus: 16-bit mono WAV files of all six classes and their manifest.
 * Speech comes from eSpeak NG, everything else is synthesised here. It exists so that everything can
 * be run and shown without recordings of others; figures made from it must say "synthetic demo corpus".
 *
 * The same options give the same bytes in any process on one version of Node (and, as V8 computes
 * sines and powers in its own code, very likely on other machines; the hash in `corpus.json` tells).
 * Two recordings of the full corpus (a dictation and a lone call at night) hold too much silence on
 * purpose: the silence rule of the features rejects them.
 *
 * Finished files are kept: a killed generation continues where it stopped, and a complete corpus is only
 * checked against its hashes, and repaired.
 *
 * @throws UserError (`input`) for unusable options, or a folder that holds something else;
 *   (`environment`) when the optional speech synthesiser is not installed.
 */
export async function generateDemoCorpus(options: DemoCorpusOptions): Promise<DemoCorpus> {
  const parameters = checkOptions(options);
  const folder = path.resolve(options.folder);
  const manifest = path.join(folder, 'manifest.csv');
  const recordFile = path.join(folder, 'corpus.json');
  const known = openFolder(folder, parameters);
  const planned = planCorpus(parameters, (samples, from, to) => resample(samples, designResampler(from, to)));

  let done = 0;
  let made = 0;
  for (const recording of planned) {
    const file = path.join(folder, recording.path);
    const finished = isFinished(file, recording, known.get(recording.path));
    if (!finished) {
      writeWav(file, await recording.render(), recording.sampleRate);
      made++;
    }
    done++;
    options.onProgress?.({
      done,
      total: planned.length,
      path: recording.path,
      outcome: finished ? 'kept' : 'made',
    });
  }
  const files = planned.map((recording) => ({
    path: recording.path,
    sha256: sha256File(path.join(folder, recording.path)),
  }));
  writeManifest(manifest, planned, parameters);
  const record: CorpusRecord = {
    name: 'synthetic demo corpus',
    version: DEMO_CORPUS_VERSION,
    parameters,
    state: 'complete',
    hash: sha256(files),
    files,
  };
  writeJson(recordFile, record);
  return { manifest, recordings: planned.length, made };
}

function checkOptions(options: DemoCorpusOptions): PlanOptions {
  const { seed = 1, recordings = 34, minSeconds = 8, maxSeconds = 16 } = options;
  checkSeed(seed);
  if (!Number.isInteger(recordings) || recordings < 1) {
    throw inputError(`demo corpus: recordings ${recordings} must be a whole number from 1`);
  }
  if (!(minSeconds >= 4) || !(maxSeconds >= minSeconds) || !Number.isFinite(maxSeconds)) {
    throw inputError(
      `demo corpus: lengths of ${minSeconds} to ${maxSeconds} s are not usable; ` +
        `the shortest must be at least 4 s and the longest no shorter than that`,
    );
  }
  return { seed, recordings, minSeconds, maxSeconds };
}

/** Marks the folder as ours and returns the hashes of a complete corpus in it (none when unfinished). */
function openFolder(folder: string, parameters: PlanOptions): Map<string, string> {
  const file = path.join(folder, 'corpus.json');
  if (!fs.existsSync(file)) {
    if (fs.existsSync(path.join(folder, 'manifest.csv'))) {
      throw inputError(
        `${folder}: holds a manifest of another corpus; choose another folder for the demo corpus`,
      );
    }
    const record: CorpusRecord = {
      name: 'synthetic demo corpus',
      version: DEMO_CORPUS_VERSION,
      parameters,
      state: 'unfinished',
      hash: '',
      files: [],
    };
    writeJson(file, record);
    return new Map();
  }
  const found = readJson<Partial<CorpusRecord>>(file);
  const wanted = sha256({ version: DEMO_CORPUS_VERSION, parameters });
  if (sha256({ version: found.version, parameters: found.parameters }) !== wanted) {
    throw inputError(
      `${folder}: holds a demo corpus of other parameters (${JSON.stringify(found.parameters)}, ` +
        `version ${found.version}); delete the folder or choose another`,
    );
  }
  return new Map((found.files ?? []).map((entry) => [entry.path, entry.sha256]));
}

/** Files appear whole or not at all, so that the right length suffices until hashes are known. */
function isFinished(file: string, recording: PlannedRecording, hash: string | undefined): boolean {
  const bytes = fs.statSync(file, { throwIfNoEntry: false })?.size;
  if (bytes !== 44 + 2 * recording.length) return false;
  return hash === undefined || sha256File(file) === hash;
}

function writeManifest(file: string, planned: readonly PlannedRecording[], parameters: PlanOptions): void {
  writeCsv(
    file,
    COLUMNS,
    planned.map((recording) => ({
      path: recording.path,
      label: recording.label,
      group: recording.group,
      language_or_genre: recording.genre,
      duration_s: (recording.length / recording.sampleRate).toFixed(2),
      sample_rate: recording.sampleRate,
      channels: 1,
      source_repo: 'stm-lab',
      source_path: `demo corpus version ${DEMO_CORPUS_VERSION}, seed ${parameters.seed}`,
      licence: DEMO_CORPUS_LICENCE,
    })),
    { formulas: 'keep' },
  );
}
