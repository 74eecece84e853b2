import { inputError, UserError } from 'research-basics/errors';
import { concatenate } from '../../base/concatenate';
import type { Engine } from '../../engine';
import { quantile } from '../../evaluation';
import { EXCERPT_SECONDS, poolExcerpts } from '../../features';
import { gatherRows, vectorStarts } from '../../models';
import type { FeatureChoice } from '../comparison/choice';
import type { RowData } from '../comparison/rowData';
import { classNumbers, type IndexRow } from '../featureFolder';
import { featureScale, SOUND_RATE, surviving, whatSurvives, type FeatureScale } from './averaging';
import type { Studies, StudyName } from './choice';
import type { StudySystem } from './system';
import { fitLinear, type Division, type StudyDesign, type StudyFold } from './divisions';
import { loudestWindows, shortSounds, windowFeature, type WindowFeature } from './duration';
import { excerptCounts, type CutFeatures } from './excerptCount';
import { learningCurves, shareOfGroups, type LearningCurveInput } from './learningCurve';
import { excerptOrder } from './order';
import type { StudyOutcome } from './record';

/** What a study works on. */
export interface OpenStudy {
  readonly studies: Studies;
  readonly systems: readonly StudySystem[];
  readonly engine: Engine;
  /** Those that all features exist of. */
  readonly recordings: readonly IndexRow[];
  readonly load: (features: FeatureChoice) => RowData & { readonly features: Float32Array };
  readonly divide: (recordings: readonly IndexRow[], design: StudyDesign) => Division[];
  /** The first seconds of a recording, mono at `SOUND_RATE`; fewer of a shorter one. */
  readonly sound: (recording: IndexRow, seconds: number) => Promise<Float32Array>;
  /** What was computed of a part before, or is computed and stored now. */
  readonly stored: <T>(part: string, compute: () => Promise<T>) => Promise<T>;
  readonly note: string | undefined;
  readonly warn: ((line: string) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A study: what it asks, which features it needs, and how it is computed. */
export interface StudyEntry {
  readonly question: string;
  readonly features: (studies: Studies, systems: readonly StudySystem[]) => readonly FeatureChoice[];
  readonly run: (open: OpenStudy) => Promise<StudyOutcome>;
}

const PUBLISHED = { kind: 'stm' } as const;
const EXCERPTS = { kind: 'stm', pooling: 'excerpts' } as const;
const cutTo = (maxExcerpts: number) => ({ kind: 'stm', maxExcerpts }) as const;

/** The studies by name: a new one is an entry here. */
export const STUDIES: Readonly<Record<StudyName, StudyEntry>> = {
  'learning-curve': {
    question: 'Does more data close the gap between features?',
    features: (_, systems) => systems.map(({ features }) => features),
    run: learningCurveStudy,
  },
  'excerpt-count': {
    question: 'Do features reveal how long a recording is?',
    features: (studies) => [PUBLISHED, EXCERPTS, ...studies['excerpt-count'].excerpts.map(cutTo)],
    run: excerptCountStudy,
  },
  order: {
    question: 'What does the order of excerpts add?',
    features: () => [EXCERPTS],
    run: ({ studies, systems, load, divide, recordings, ...shared }) => {
      const { features: vectors, columns, excerpts } = load(EXCERPTS);
      return excerptOrder({
        ...shared,
        ...{ vectors, columns, counts: excerpts!, C: systems[0]!.C, settings: studies.order },
        divisions: divide(recordings, studies.order),
      });
    },
  },
  duration: {
    question: 'How short may a sound be?',
    features: () => [],
    run: durationStudy,
  },
  averaging: {
    question: 'What survives averaging?',
    features: () => [PUBLISHED],
    run: averagingStudy,
  },
};

async function learningCurveStudy(open: OpenStudy): Promise<StudyOutcome> {
  const { studies, systems, engine, recordings, note } = open;
  const design = studies['learning-curve'];
  const { shares, resamples, components } = design;
  const groups = classNumbers(recordings.map(({ group }) => group)).y;
  const inputs = systems.map(({ features, C }) => ({ ...open.load(features), C }));
  const divisions: LearningCurveInput['divisions'][number][] = [];
  for (const division of open.divide(recordings, design)) {
    const sizes: number[] = [];
    const predictions: Float32Array[][][] = inputs.map(() => []);
    for (const [i, share] of shares.entries()) {
      const used = ({ trainRows, y, seed }: StudyFold): Int32Array =>
        shareOfGroups(trainRows, groups, y, share, seed);
      sizes.push(await division.meanSize(used));
      for (const [s, input] of inputs.entries())
        predictions[s]!.push(
          await division.predict(`${i}-of-system-${s}`, (fold) =>
            fitLinear(engine, input, components, { ...fold, trainRows: used(fold) }),
          ),
        );
    }
    divisions.push({ division, sizes, predictions });
  }
  return learningCurves({ systems: systems.map(({ name }) => name), shares, resamples, divisions, note });
}

async function excerptCountStudy(open: OpenStudy): Promise<StudyOutcome> {
  const { studies, systems, recordings, engine, note } = open;
  const design = studies['excerpt-count'];
  const { C } = systems[0]!;
  const { features: vectors, columns, excerpts } = open.load(EXCERPTS);
  const counts = excerpts!;
  const starts = vectorStarts({ rows: counts.length, excerpts: counts });
  /** Features unbiased for the number of excerpts, of the first `most` of each recording. */
  const unbiased = (most: number): Float32Array => {
    const left = counts.map((count) => Math.min(count, most));
    const first = Array.from(left).flatMap((count, r) =>
      Array.from({ length: count }, (_, e) => starts[r]! + e),
    );
    const own = gatherRows(vectors, columns, first, new Float32Array(first.length * columns));
    return poolExcerpts(own, columns, left, 'unbiased');
  };
  const cut = (of: (most: number) => Float32Array): CutFeatures['cut'] =>
    new Map(design.excerpts.map((most) => [most, of(most)]));
  const plain = { columns, C };
  return excerptCounts({
    ...{ engine, recordings, design, note },
    features: [
      {
        ...{ name: 'published', ...plain, whole: open.load(PUBLISHED).features },
        cut: cut((most) => open.load(cutTo(most)).features),
      },
      { name: 'unbiased', ...plain, whole: unbiased(Infinity), cut: cut(unbiased) },
    ],
    count: {
      ...{ name: 'number of excerpts alone', columns: 1, C: 0.1 },
      ...{ whole: Float32Array.from(counts, Math.log), cut: new Map() },
    },
    divisions: open.divide(recordings, design),
    divide: (rows) => open.divide(rows, design)[0]!,
  });
}

/** Features of the loudest windows of every recording that has sound; computed recording by recording. */
async function durationStudy(open: OpenStudy): Promise<StudyOutcome> {
  const { studies, systems, engine, sound, stored, note } = open;
  const settings = studies.duration;
  const computers: WindowFeature[] = [];
  for (const system of systems) computers.push(await windowFeature(system));
  const lengths = settings.windows.map((seconds) => Math.round(seconds * SOUND_RATE));
  const recordings: IndexRow[] = [];
  const features = systems.map(() => lengths.map((): Float32Array[] => []));
  for (const recording of open.recordings) {
    const found = await stored(recording.path, async () => {
      const windows = loudestWindows(await sound(recording, settings.searched), lengths);
      const vectors: number[][][] = [];
      for (const compute of computers) {
        const own: number[][] = [];
        for (const window of windows) own.push(Array.from(await compute(window)));
        vectors.push(own);
      }
      return vectors;
    }).catch((error: unknown) => {
      if (!(error instanceof UserError) || error.kind !== 'input') throw error;
      open.warn?.(`${recording.path}: is left out of the study: ${error.message}`);
      return undefined;
    });
    if (found === undefined) continue;
    recordings.push(recording);
    found.forEach((own, s) => own.forEach((vector, w) => features[s]![w]!.push(Float32Array.from(vector))));
  }
  if (recordings.length === 0) throw inputError('study duration: none of the recordings has sound');
  const outcome = await shortSounds({
    ...{ engine, systems, settings, note, recordings: recordings.length },
    features: features.map((own) => own.map(concatenate)),
    divisions: open.divide(recordings, settings),
  });
  return { ...outcome, recordings };
}

/** Recordings of all classes in turn, as many as are long enough. */
async function averagingStudy({
  studies,
  recordings,
  sound,
  stored,
  note,
}: OpenStudy): Promise<StudyOutcome> {
  const settings = studies.averaging;
  const seconds = settings.excerpts * EXCERPT_SECONDS;
  const { classes, y } = classNumbers(recordings.map(({ label }) => label));
  const lists = classes.map((_, c) => recordings.filter((__, r) => y[r] === c));
  const chosen: { readonly name: string; readonly samples: Float32Array }[] = [];
  for (let i = 0; chosen.length < settings.recordings && i < classes.length * recordings.length; i++) {
    const recording = lists[i % classes.length]![Math.floor(i / classes.length)];
    const samples = recording && (await sound(recording, seconds));
    if (samples?.length === seconds * SOUND_RATE) chosen.push({ name: recording!.path, samples });
  }
  if (chosen.length < 2)
    throw inputError(
      `study averaging: needs 2 recordings of ${seconds} s, and ${chosen.length} are that long; lower "excerpts" in the preset`,
    );
  const scales: FeatureScale[] = [];
  for (const { samples } of chosen) scales.push(await featureScale(samples, settings));
  const median = (values: readonly number[]): number => quantile(values, 0.5);
  const scale = {
    top: median(scales.map(({ top }) => top)),
    range: median(scales.map(({ range }) => range)),
  };
  const found: Awaited<ReturnType<typeof surviving>>[] = [];
  for (const { name, samples } of chosen)
    found.push(await stored(name, () => surviving(samples, settings, scale)));
  return whatSurvives(found, settings, note);
}
