import * as fs from 'node:fs';
import * as path from 'node:path';
import { messageOf, UserError } from 'research-basics/errors';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { throwIfStopped } from 'research-basics/pace';
import { designResampler, resample } from '../../audio';
import { writeCsv } from '../../base/csv';
import type { Manifest } from '../../corpus';
import { loadEngine } from '../../engine';
import { saveFigure, type FigureSpec } from '../../figures';
import { readAll } from '../../reduction';
import { runTrackedStage, type StageContext } from '../../stages/context';
import { nameLabels } from '../../stages/labels';
import type { StageResult } from '../../stages/stage';
import type { FeatureChoice } from '../comparison/choice';
import { prepareFeatures } from '../comparison/prepare';
import { openRowSource, type RowData, type RowSource } from '../comparison/rowData';
import { findEmbeddingModel } from '../embeddingModel';
import { classNumbers, type IndexRow } from '../featureFolder';
import { featureKey } from '../featureSettings';
import { soundOfFile } from '../listenPage';
import { forgetOtherFolds } from '../partialFolds';
import type { SilenceLimit } from '../silenceLimit';
import { SOUND_RATE } from './averaging';
import type { Studies, StudyName } from './choice';
import type { StudySystem } from './system';
import { studyDivisions } from './divisions';
import { STUDIES } from './entries';
import type { StudyOutcome } from './record';

/** What `studyStage` reads and writes. */
export interface StudyStageOptions {
  readonly study: StudyName;
  readonly studies: Studies;
  readonly manifest: Manifest;
  readonly out: string;
  /** Folder of the features of a key (see `featureKey`). */
  readonly folderOf: (key: string) => string;
  /** Longest pause in an excerpt; default 1 s, as published. */
  readonly maxSilenceSeconds?: SilenceLimit | undefined;
  /** Worker threads of the extraction; default all cores. */
  readonly workers?: number | undefined;
}

/** What `study.json` says. */
export interface StudyRecord extends Pick<StudyOutcome, 'rows' | 'verdict'> {
  readonly study: StudyName;
  readonly question: string;
  readonly preset: string;
  readonly recordings: number;
  readonly groups: number;
  readonly classes: readonly string[];
}

/** Outcome of a study. */
export interface StudySummary extends StudyRecord {
  readonly figure: FigureSpec;
  readonly status: StageResult['status'];
}

/** What a study asks. */
export const studyQuestion = (study: StudyName): string => STUDIES[study].question;

/**
 * Runs one of the studies of the open questions: `study.json` with the answer in sentences made of the numbers, `scores.csv`,
 * and a figure of the study's name; one run. Finished folds are reused when the stage was stopped.
 *
 * @throws UserError (`input`) when the recordings cannot be divided into the folds of the preset.
 */
export async function studyStage(
  options: StudyStageOptions,
  context: StageContext = {},
): Promise<StudySummary> {
  const { study, studies, manifest, out } = options;
  const { question, features, run: compute } = STUDIES[study];
  const systems = availableSystems(studies.systems, context);
  const sources = await openSources(features(studies, systems), options, context);
  const recordings = sources.size === 0 ? heard(manifest) : commonRecordings([...sources.values()]);
  const settings = { study, systems, ...studies[study] };
  const inputs = Object.fromEntries(
    sources.size === 0
      ? [['recordings', fileStamps(manifest)]]
      : [...sources].flatMap(([key, { hashes }]) =>
          Object.entries(hashes).map(([name, hash]) => [`${key}.${name}`, hash]),
        ),
  );
  const engine = await loadEngine({ signal: context.signal });
  const { status } = await runTrackedStage(context, {
    ...{ stage: 'study', runName: `study ${study}`, folder: out, parameters: settings },
    inputs: { ...inputs, manifest: manifest.hash },
    engine: engine.description,
    run: async (run) => {
      const parts = path.join(out, 'folds');
      forgetOtherFolds(parts, { settings, inputs, engine: engine.description });
      let finished = 0;
      const onPart = (): void => context.progress?.(`study ${study}: ${++finished} parts computed`);
      const places = new Map(manifest.rows.map((row) => [row.path, row]));
      const outcome = await compute({
        ...{
          studies,
          systems,
          engine,
          recordings,
          note: context.note,
          signal: context.signal,
          warn: context.warn,
        },
        load: (choice) => loadRows(sources.get(featureKey(choice))!, recordings),
        divide: (rows, design) =>
          studyDivisions(rows, design, {
            ...{ folder: parts, signal: context.signal, warn: context.warn, onFold: onPart },
          }),
        async sound(recording, seconds) {
          const { file, startSeconds } = places.get(recording.path)!;
          const { samples, sampleRate } = await soundOfFile(file, recording.path, startSeconds, seconds);
          return resample(samples, designResampler(sampleRate, SOUND_RATE)).subarray(0, seconds * SOUND_RATE);
        },
        async stored(part, compute) {
          throwIfStopped(context.signal, 'study');
          const file = path.join(parts, `${sha256(part).slice(0, 16)}.json`);
          if (!fs.existsSync(file)) writeJson(file, await compute());
          onPart();
          return readJson(file);
        },
      });
      const { rows, verdict, metrics, figure, recordings: scored = recordings } = outcome;
      const { classes } = classNumbers(scored.map(({ label }) => label));
      const groups = new Set(scored.map(({ group }) => group)).size;
      const record: StudyRecord = {
        ...{ study, question, preset: studies.name, recordings: scored.length, groups, classes },
        ...{ verdict, rows },
      };
      writeJson(path.join(out, 'study.json'), record);
      writeCsv(path.join(out, 'scores.csv'), [...new Set(rows.flatMap(Object.keys))], rows);
      const figures = await saveFigure(figure, path.join(out, study));
      for (const file of ['study.json', 'scores.csv']) run?.logArtifact(path.join(out, file));
      for (const file of figures) run?.logArtifact(file, 'figures');
      const nameOf = nameLabels(run, Object.keys(metrics));
      run?.logMetrics(
        Object.fromEntries(Object.entries(metrics).map(([name, value]) => [nameOf(name), value])),
      );
      run?.note([question, ...verdict].join('\n\n'));
      fs.rmSync(parts, { recursive: true, force: true });
      return ['study.json', 'scores.csv', ...figures.map((file) => path.basename(file))];
    },
  });
  const figure = readJson<FigureSpec>(path.join(out, `${study}.vl.json`));
  return { ...readJson<StudyRecord>(path.join(out, 'study.json')), figure, status };
}

/** The systems whose embeddings can be computed here; the others are named in a warning. */
function availableSystems(systems: readonly StudySystem[], { warn }: StageContext): StudySystem[] {
  return systems.filter(({ name, features }) => {
    if (features.kind !== 'embedding') return true;
    try {
      findEmbeddingModel(features.model ?? '');
      return true;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      warn?.(`study: "${name}" is left out: ${messageOf(error)}`);
      return false;
    }
  });
}

/** The features of a study, extracted where they are missing, by their key without the silence limit that all share. */
async function openSources(
  choices: readonly FeatureChoice[],
  { maxSilenceSeconds, ...options }: StudyStageOptions,
  context: StageContext,
): Promise<Map<string, RowSource>> {
  const limited = choices.map((choice): FeatureChoice =>
    maxSilenceSeconds === undefined || choice.kind === 'embeddings'
      ? choice
      : { ...choice, maxSilenceSeconds },
  );
  const folders = await prepareFeatures(
    limited.map((features) => ({ features })),
    options,
    context,
  );
  return new Map(
    limited.map((choice, i) => [
      featureKey(choices[i]!),
      openRowSource(folders[featureKey(choice)]!, choice),
    ]),
  );
}

/** All recordings of the manifest, for a study that reads their sound alone. */
const heard = ({ rows }: Manifest): IndexRow[] =>
  rows.map(({ path: name, label, group, collection }) => ({
    ...{ path: name, label, group, excerpts: 0, analysedSeconds: 0 },
    ...(collection === undefined ? {} : { collection }),
  }));

/** Hash of the sizes and times of all recordings: tells that a sound was replaced under its name without reading them. */
const fileStamps = ({ rows }: Manifest): string =>
  sha256(
    rows.map(({ file }) => {
      const stat = fs.statSync(file, { throwIfNoEntry: false });
      return [stat?.size ?? 0, stat?.mtimeMs ?? 0];
    }),
  );

/** Recordings of the first source that all others have too. */
function commonRecordings([first, ...others]: readonly RowSource[]): IndexRow[] {
  const known = others.map(({ index }) => new Set(index.map((row) => row.path)));
  return first!.index.filter((row) => known.every((paths) => paths.has(row.path)));
}

/** Studies hold their features in memory. */
function loadRows(
  source: RowSource,
  recordings: readonly IndexRow[],
): RowData & { readonly features: Float32Array } {
  const places = new Map(source.index.map((row, place) => [row.path, place]));
  const data = source.load(Int32Array.from(recordings, (row) => places.get(row.path)!));
  return { ...data, features: readAll(data.features) };
}
