import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../../engine';
import { poolExcerpts } from '../../features';
import { comparisonFigure } from '../../figures';
import { fitRecurrent, rowsInMemory, vectorStarts, type RecurrentOptions } from '../../models';
import { fitFoldModel, reduceFold } from '../foldModel';
import type { ModelChoice } from '../modelChoice';
import {
  differenceOf,
  fitLinear,
  scoreOf,
  subdivision,
  type Division,
  type StudyDesign,
  type StudyFold,
} from './divisions';
import {
  beyondChance,
  columnsOf,
  intervalOf,
  metricsOf,
  ranged,
  type StudyOutcome,
  type StudyRow,
} from './record';

/** How the study of order fits its models. */
export interface OrderSettings extends StudyDesign {
  /** Principal components of each excerpt that the networks take. */
  readonly inputs: number;
  /** A network with attention over excerpts. */
  readonly attention: ModelChoice;
  readonly recurrent: Omit<RecurrentOptions, 'seed'>;
}

/** What the study of order takes. */
export interface OrderInput {
  readonly engine: Engine;
  /** Float32, all excerpts x columns, recording after recording, in their order. */
  readonly vectors: Float32Array;
  readonly columns: number;
  /** Excerpts of each recording. */
  readonly counts: Int32Array;
  /** Of the linear models. */
  readonly C: number;
  readonly settings: OrderSettings;
  readonly divisions: readonly Division[];
  readonly signal?: AbortSignal | undefined;
  readonly note?: string | undefined;
}

/** With so many excerpts order can matter. */
const LEAST = 3;
const RECURRENT = 'recurrent';
const SHUFFLED = 'recurrent, excerpts shuffled';

/**
 * What does the order of excerpts add? Models that ignore order (mean, statistics, attention: shuffling changes nothing
 * for them) beside a recurrent one that can, and the recurrent one with the excerpts of every recording shuffled, in training
 * and test: the difference of these two is what order adds.
 */
export async function excerptOrder(input: OrderInput): Promise<StudyOutcome> {
  const rows: StudyRow[] = [];
  const verdict: string[] = [];
  const { counts, settings, divisions, note } = input;
  const fits = orderFits(input);
  const long = Int32Array.from(counts.keys()).filter((row) => counts[row]! >= LEAST);
  for (const division of divisions) {
    const predictions = new Map<string, Float32Array[]>();
    for (const [model, fit] of Object.entries(fits)) {
      const repeats = await division.predict(model, fit);
      predictions.set(model, repeats);
      rows.push({
        ...{ division: division.name, model },
        ...columnsOf('macro-F1', scoreOf(division, repeats, settings.resamples)),
      });
    }
    const added = (of: Division, rowsOf: (all: Float32Array) => Float32Array): string => {
      const [ordered, shuffled] = [RECURRENT, SHUFFLED].map((model) => predictions.get(model)!.map(rowsOf));
      const { difference, pValue } = differenceOf(of, ordered!, shuffled!, settings.resamples);
      const words =
        pValue > 0.05 || beyondChance(difference) === 'neither'
          ? 'adds nothing beyond chance:'
          : difference.value > 0
            ? 'adds'
            : 'costs';
      return `${words} ${ranged(difference)}, p ${pValue.toFixed(4)}`;
    };
    const part = subdivision(division, long);
    verdict.push(
      `Order of excerpts, ${division.name}: it ${added(division, (all) => all)} (macro-F1 of the recurrent model minus that of the same model on shuffled excerpts).`,
      part === undefined
        ? `Too few of the recordings ${division.name} have ${LEAST} or more excerpts for a score of their own.`
        : `On the ${part.division.labels.length} recordings ${division.name} of ${LEAST} or more excerpts order ${added(part.division, part.rowsOf)}.`,
    );
  }
  return {
    rows,
    verdict,
    metrics: metricsOf(
      rows.map((row) => [
        `${String(row['division'])} macro-F1/${String(row['model'])}`,
        intervalOf(row, 'macro-F1'),
      ]),
    ),
    figure: comparisonFigure({
      title: 'What does the order of excerpts add?',
      note,
      rows: rows.map((row) => ({
        ...{ name: String(row['model']), metric: `macro-F1, ${String(row['division'])}` },
        ...intervalOf(row, 'macro-F1'),
      })),
    }),
  };
}

type Fit = (fold: StudyFold) => Float32Array | Promise<Float32Array>;

function orderFits({
  engine,
  vectors,
  columns,
  counts,
  C,
  settings,
  signal,
}: OrderInput): Record<string, Fit> {
  const linear = (pooling: 'mean' | 'statistics'): Fit => {
    const features = poolExcerpts(vectors, columns, counts, pooling);
    const input = { features, columns: features.length / counts.length, C };
    return (fold) => fitLinear(engine, input, settings.components, fold);
  };
  const reduction = { method: 'exact', components: settings.inputs, whiten: 'common' } as const;
  const recurrent =
    (arrange: (seed: number) => Float32Array): Fit =>
    async ({ y, classes, ...task }) => {
      const own = { features: arrange(task.seed), columns, excerpts: counts, y, reduction };
      const { train, test } = await reduceFold(own, task);
      const seed = deriveSeed(task.seed, 'fold', task.fold);
      return fitRecurrent(rowsInMemory(train), classes.length, {
        ...settings.recurrent,
        seed,
      }).predictProbabilities(rowsInMemory(test));
    };
  return {
    mean: linear('mean'),
    statistics: linear('statistics'),
    attention: ({ y, classes, ...task }) =>
      fitFoldModel(
        {
          ...{ engine, features: vectors, columns, excerpts: counts, y, classes, reduction, signal },
          model: settings.attention,
        },
        task,
      ),
    [RECURRENT]: recurrent(() => vectors),
    [SHUFFLED]: recurrent((seed) => shuffledExcerpts(vectors, columns, counts, seed)),
  };
}

/** The excerpts of every recording in random order: a copy. */
export function shuffledExcerpts(
  vectors: Float32Array,
  columns: number,
  counts: Int32Array,
  seed: number,
): Float32Array {
  const starts = vectorStarts({ rows: counts.length, excerpts: counts });
  const result = new Float32Array(vectors.length);
  counts.forEach((count, row) => {
    randomState(deriveSeed(seed, 'order', row))
      .permutation(count)
      .forEach((from, to) => {
        const at = (starts[row]! + from) * columns;
        result.set(vectors.subarray(at, at + columns), (starts[row]! + to) * columns);
      });
  });
  return result;
}
