import { omit } from '../../base/omit';
import type { Engine } from '../../engine';
import { meanIntervals, type Interval } from '../../evaluation';
import { comparisonFigure } from '../../figures';
import type { IndexRow } from '../featureFolder';
import { differenceOf, fitLinear, scoreOf, type Division, type StudyDesign } from './divisions';
import { columnsOf, intervalOf, metricsOf, ranged, type StudyOutcome, type StudyRow } from './record';

/** One feature of recordings as they are and of the same recordings cut short. */
export interface CutFeatures {
  readonly name: string;
  readonly columns: number;
  readonly C: number;
  /** Float32, recordings x columns. */
  readonly whole: Float32Array;
  /** The same of the first excerpts of each recording, by how many are left at most. */
  readonly cut: ReadonlyMap<number, Float32Array>;
}

/** What the study of the number of excerpts takes. */
export interface ExcerptCountInput {
  readonly engine: Engine;
  readonly recordings: readonly IndexRow[];
  /** The first is the published one. */
  readonly features: readonly CutFeatures[];
  /** Nothing but the number of excerpts. */
  readonly count: CutFeatures;
  readonly design: StudyDesign;
  readonly divisions: readonly Division[];
  /** Divides other recordings in the same way, by group. */
  readonly divide: (recordings: readonly IndexRow[]) => Division;
  readonly note?: string | undefined;
}

const excerptsText = (count: number): string => `${count} ${count === 1 ? 'excerpt' : 'excerpts'}`;

const TOLD = 'cut against whole';

/**
 * Do features reveal how long a recording is? Each feature is put to three tests. Told apart: recordings and the same ones cut
 * to a few excerpts, with the same sounds and classes, so that a linear model above chance (0.5) detects the number of
 * excerpts alone. Classes: macro-F1. Cut short: macro-F1 of models fitted to whole recordings on cut ones.
 */
export async function excerptCounts(input: ExcerptCountInput): Promise<StudyOutcome> {
  const { divisions, note } = input;
  const told = await toldApart(input);
  const scored: Scores[] = [];
  for (const division of divisions) scored.push(await classScores(division, input));
  const rows = [...scored.flatMap(({ rows }) => rows), ...told.rows];
  return {
    rows,
    verdict: [...told.verdict, ...scored.flatMap(({ verdict }) => verdict)],
    metrics: metricsOf(
      rows.map((row) => [
        `${String(row['measure'])}/${String(row['features'])}, ${String(row['excerpts'])}`,
        intervalOf(row, 'value'),
      ]),
    ),
    figure: comparisonFigure({
      title: 'Do features reveal how long a recording is?',
      note,
      rows: rows.map((row) => ({
        name: String(row['features']),
        metric: String(row['measure']),
        group: `excerpts: ${String(row['excerpts'])}`,
        ...intervalOf(row, 'value'),
      })),
    }),
  };
}

type Scores = Pick<StudyOutcome, 'rows' | 'verdict'>;

const row = (measure: string, features: string, excerpts: string, value: Interval): StudyRow => ({
  ...{ measure, features, excerpts },
  ...columnsOf('value', value),
});

/** Recordings and the same ones cut to a few excerpts, told apart by a linear model that has seen neither. */
async function toldApart({
  engine,
  recordings,
  features,
  design,
  divide,
}: ExcerptCountInput): Promise<Scores> {
  const rows: StudyRow[] = [];
  const verdict: string[] = [];
  for (const excerpts of features[0]!.cut.keys()) {
    const longer = Int32Array.from(recordings.keys()).filter(
      (place) => recordings[place]!.excerpts > excerpts,
    );
    const pairs = ['whole', 'cut'].flatMap((label) =>
      Array.from(longer, (place): IndexRow => ({ ...omit(recordings[place]!, 'collection'), label })),
    );
    const groups = new Set(pairs.map(({ group }) => group)).size;
    if (groups < design.folds) {
      verdict.push(
        `Cut to ${excerpts}: only ${groups} groups have longer recordings, too few to compare cut and whole.`,
      );
      continue;
    }
    const division = divide(pairs);
    const texts: string[] = [];
    for (const { name, columns, C, whole, cut } of features) {
      const both = stacked(columns, [whole, longer], [cut.get(excerpts)!, longer]);
      const repeats = await division.predict(`told-${excerpts}-${name}`, (fold) =>
        fitLinear(engine, { features: both, columns, C }, design.components, fold),
      );
      const { labels, groups: units, classes } = division;
      const { accuracy } = meanIntervals({
        ...{ labels, groups: units, classes: classes.length, repeats },
        bootstrap: { resamples: design.resamples },
      });
      rows.push(row(TOLD, name, String(excerpts), accuracy));
      const known = accuracy.low > 0.5 ? 'beyond chance' : 'not beyond chance';
      texts.push(`${name} in ${ranged(accuracy)} of cases (${known})`);
    }
    verdict.push(
      `Recordings cut to ${excerptsText(excerpts)} are told apart from the same ${longer.length} recordings whole: ${texts.join('; ')}.`,
    );
  }
  return { rows, verdict };
}

/** Macro-F1 of classes on whole recordings, and of the same models on cut ones. */
async function classScores(
  division: Division,
  { engine, recordings, features, count, design }: ExcerptCountInput,
): Promise<Scores> {
  const { resamples, components } = design;
  const measure = `macro-F1, ${division.name}`;
  const rows: StudyRow[] = [];
  const all = Int32Array.from(recordings.keys());
  const predictions = new Map<string, Float32Array[]>();
  for (const { name, columns, C, whole, cut } of [...features, count])
    for (const [excerpts, tested] of [['all', whole] as const, ...cut]) {
      const both = stacked(columns, [whole, all], [tested, all]);
      const repeats = await division.predict(`classes-${excerpts}-${name}`, ({ y, ...fold }) =>
        fitLinear(engine, { features: both, columns, C }, components, {
          ...fold,
          y: Int32Array.from([...y, ...y]),
          testRows: fold.testRows.map((place) => place + all.length),
        }),
      );
      predictions.set(`${excerpts} ${name}`, repeats);
      rows.push(row(measure, name, String(excerpts), scoreOf(division, repeats, resamples)));
    }
  const [published, ...others] = features.map(({ name }) => name);
  const verdict = ['all' as const, ...features[0]!.cut.keys()].map((excerpts) => {
    const texts = others.map((name) => {
      const { difference, first, second, pValue } = differenceOf(
        division,
        predictions.get(`${excerpts} ${name}`)!,
        predictions.get(`${excerpts} ${published}`)!,
        resamples,
      );
      return `${name} ${first.toFixed(3)} and ${published} ${second.toFixed(3)}, difference ${ranged(difference)}, p ${pValue.toFixed(4)}`;
    });
    const tested = excerpts === 'all' ? 'whole recordings' : `recordings cut to ${excerptsText(excerpts)}`;
    return `Classes ${division.name}, tested on ${tested}: macro-F1 ${texts.join('; ')}.`;
  });
  const alone = scoreOf(division, predictions.get(`all ${count.name}`)!, resamples);
  return { rows, verdict: [...verdict, `Classes ${division.name} from ${count.name}: ${ranged(alone)}.`] };
}

/** Rows of two matrices, one set after the other. */
function stacked(columns: number, ...parts: readonly (readonly [Float32Array, Int32Array])[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, [, rows]) => sum + rows.length * columns, 0));
  let at = 0;
  for (const [matrix, rows] of parts)
    for (const place of rows) {
      result.set(matrix.subarray(place * columns, (place + 1) * columns), at);
      at += columns;
    }
  return result;
}
