import { randomState } from 'research-basics/random/mt19937';
import * as figures from 'stm-lab/dist/figures';

export const CLASSES = [
  'speech: non-tonal',
  'speech: tonal',
  'music: vocal',
  'music: non-vocal',
  'env: urban',
  'env: wildlife',
];
export const NOTE = 'Seeded test data';

export const axes = {
  rateHz: Array.from({ length: 121 }, (_, j) => -15 + 0.25 * j),
  scaleCycPerOct: Array.from({ length: 20 }, (_, k) => (2 * k * 28) / 150),
};

/** A smooth map with a peak at one rate and scale, and a little noise. */
export function hill(seed: number, rate: number, scale: number): Float32Array {
  const random = randomState(seed);
  return Float32Array.from({ length: 20 * 121 }, (_, i) => {
    const x = axes.rateHz[i % 121];
    const y = axes.scaleCycPerOct[Math.floor(i / 121)];
    const centre = Math.exp(-Math.abs(x) / 4 - y / 2.5);
    const peak = 0.5 * Math.exp(-(((x - rate) / 3) ** 2) - ((y - scale) / 1.2) ** 2);
    return Math.min(1, 0.7 * centre + peak + 0.05 * random.double());
  });
}

/** The published low-pass and high-pass grids: rows temporal, columns spectral cutoffs 0 .. 6. */
function ablationCells(): figures.AblationCell[] {
  const cells: figures.AblationCell[] = [];
  const random = randomState(7);
  for (const metric of ['ROC-AUC', 'macro-F1']) {
    for (const pass of ['low', 'high'] as const) {
      for (let rateHz = 0; rateHz <= 6; rateHz++) {
        for (let scale = 0; scale <= 6; scale++) {
          const reach = pass === 'low' ? rateHz + 1.6 * scale : 18 - rateHz - 1.6 * scale;
          const value =
            metric === 'ROC-AUC' ? 0.985 - 0.4 * Math.exp(-reach / 3) : 0.78 - 0.5 * Math.exp(-reach / 5);
          const half = 0.008 + 0.01 * random.double();
          cells.push({
            metric,
            pass,
            rateHz,
            scaleCycPerOct: scale,
            value,
            low: value - half,
            high: value + half,
          });
        }
      }
    }
  }
  return cells;
}

/** Every figure once, from seeded data. */
export function examples(): Record<string, figures.FigureSpec> {
  const cells = ablationCells();
  const means = CLASSES.map((_, i) => hill(i + 1, -6 + 3 * i, i));
  const difference = (a: number, b: number): Float64Array =>
    Float64Array.from({ length: 2420 }, (_, i) => (i === 60 ? NaN : 8 * (means[a][i] - means[b][i])));
  return {
    confusion: figures.confusionFigure({
      matrix: [
        [61, 4, 1, 0, 1, 0],
        [9, 30, 0, 0, 1, 0],
        [2, 1, 33, 8, 1, 0],
        [0, 0, 7, 38, 2, 1],
        [1, 0, 1, 2, 41, 6],
        [0, 0, 0, 1, 4, 78],
      ],
      classes: CLASSES,
      note: NOTE,
    }),
    stm: figures.stmFigure({ features: hill(9, 4, 1), axes, note: NOTE }),
    'class-means': figures.classMeanFigure({
      classes: CLASSES.map((label, i) => ({ label, mean: means[i], count: 40 + i })),
      axes,
      note: NOTE,
    }),
    'effect-size': figures.effectSizeFigure({
      comparisons: [
        { title: 'non-tonal − tonal', d: difference(0, 1) },
        { title: 'vocal − non-vocal', d: difference(2, 3) },
        { title: 'urban − wildlife', d: difference(4, 5) },
        { title: 'speech − music', d: difference(0, 2) },
        { title: 'speech − env', d: difference(0, 4) },
        { title: 'music − env', d: difference(2, 4) },
      ],
      axes,
      note: NOTE,
    }),
    ablation: figures.ablationFigure({
      cells,
      note: NOTE,
      reference: { 'ROC-AUC': 0.984, 'macro-F1': 0.79 },
    }),
    'ablation-published': figures.ablationFigure({
      cells: cells.map(({ low: _low, high: _high, ...cell }) => cell),
      layout: 'published',
      note: NOTE,
    }),
  };
}
