import { randomState } from 'research-basics/random/mt19937';
import * as figures from 'stm-lab/dist/figures';
import { axes, CLASSES, hill, NOTE } from './examples';

function trials(): figures.SearchTrial[] {
  const random = randomState(5);
  return Array.from({ length: 40 }, (_, number) => {
    const layers = 1 + Math.floor(4 * random.double());
    const rate = 10 ** (-5 + 3 * random.double());
    const dropout = 0.5 * random.double();
    const units = [32, 64, 128, 256, 512][Math.floor(5 * random.double())];
    const value =
      0.75 -
      0.06 * (Math.log10(rate) + 3.5) ** 2 -
      0.2 * (dropout - 0.2) ** 2 +
      0.02 * layers +
      0.01 * random.normal();
    const state = number === 7 ? 'failed' : number % 13 === 12 ? 'pruned' : 'complete';
    const startMs = 1.7e12 + Math.floor(number / 2) * 61000 + 9000 * random.double();
    return {
      number,
      state,
      ...(state === 'complete' ? { value } : {}),
      params: {
        layers,
        learning_rate: rate,
        dropout,
        units_1: units,
        ...(layers > 1 ? { units_2: units / 2 } : {}),
        activation: random.double() > 0.5 ? 'relu' : 'elu',
      },
      startMs,
      endMs: startMs + 30000 + 20000 * random.double(),
      worker: `worker ${number % 2}`,
    } as figures.SearchTrial;
  });
}

const scales = { learning_rate: 'log', layers: 'category', units_1: 'log', units_2: 'log' } as const;

function recording(): figures.FigureSpec {
  const random = randomState(2);
  const waveform = Float32Array.from(
    { length: 64000 },
    (_, i) =>
      Math.sin(i / 9) * (0.4 + 0.3 * Math.sin((2 * Math.PI * 4 * i) / 16000)) + 0.05 * random.normal(),
  );
  const centreHz = Array.from({ length: 150 }, (_, i) => 440 * 2 ** ((-31 + (i * 128) / 151) / 24));
  const spectrogramDb = Float32Array.from({ length: 150 * 500 }, (_, i) => {
    const [channel, frame] = [Math.floor(i / 500), i % 500];
    const ripple = Math.sin(2 * Math.PI * ((4 * frame) / 125 + (1 * channel) / 28.3));
    return Math.max(0, 45 + 18 * ripple - channel / 6 + 4 * random.normal());
  });
  const spectrumAxes = {
    rateHz: Array.from({ length: 500 }, (_, j) => -62.5 + 0.25 * j),
    scaleCycPerOct: Array.from({ length: 75 }, (_, k) => (k * 28) / 150),
  };
  const magnitude = Float32Array.from({ length: 75 * 500 }, (_, i) => {
    const x = spectrumAxes.rateHz[i % 500];
    const y = spectrumAxes.scaleCycPerOct[Math.floor(i / 500)];
    return 1e5 * Math.exp(-Math.abs(x) / 9 - y / 3) * (0.5 + random.double()) + 40 * random.double();
  });
  return figures.recordingFigure({
    waveform,
    sampleRateHz: 16000,
    spectrogramDb,
    centreHz,
    frameRateHz: 125,
    modulation: { magnitude, axes: spectrumAxes },
    features: hill(4, 4, 1),
    axes,
    note: NOTE,
  });
}

function evaluationExamples(): Record<string, figures.FigureSpec> {
  const random = randomState(13);
  const bins = Array.from({ length: 10 }, (_, i) => ({
    from: i / 10,
    to: (i + 1) / 10,
    confidence: (i + 0.5 + 0.2 * random.normal()) / 10,
    accuracy: Math.min(1, ((i + 0.5) / 10) ** 1.3 + 0.02 * random.normal()),
    rows: i === 0 ? 0 : Math.round(8 + 3 * i * i * random.double()),
  }));
  const curves = CLASSES.map((label, k) => {
    const fpr = Array.from({ length: 200 }, (_, i) => i / 199);
    const power = 0.05 + 0.04 * k;
    return { label, fpr, tpr: fpr.map((x) => x ** power), auc: 1 / (1 + power) };
  });
  const rows: figures.ComparisonRow[] = ['STM', 'Mel spectrogram', 'YAMNet', 'VGGish', 'AST'].flatMap(
    (name, i) =>
      ['published', 'corrected'].flatMap((group, j) =>
        ['macro-F1', 'ROC-AUC'].map((metric, k) => {
          const value = 0.62 + 0.05 * i + 0.12 * k - 0.04 * j;
          return { name, group, metric, value, low: value - 0.03, high: value + 0.025 };
        }),
      ),
  );
  const points = CLASSES.flatMap((label, k) =>
    Array.from({ length: 50 }, () => ({
      label,
      x: 3 * Math.cos(k) + random.normal(),
      y: 3 * Math.sin(k) + random.normal(),
    })),
  );
  return {
    reliability: figures.reliabilityFigure({ bins, ece: 0.0432, note: NOTE }),
    roc: figures.rocFigure({ curves, note: NOTE }),
    comparison: figures.comparisonFigure({ rows, note: NOTE }),
    'comparison-plain': figures.comparisonFigure({
      rows: rows
        .filter((row) => row.metric === 'macro-F1' && row.group === 'corrected')
        .map(({ group: _g, ...r }) => r),
      note: NOTE,
    }),
    'embedding-pca': figures.embeddingFigure({
      points,
      method: 'PCA',
      axisTitles: ['PC 1 (31 %)', 'PC 2 (12 %)'],
      note: NOTE,
    }),
    'embedding-tsne': figures.embeddingFigure({ points, method: 't-SNE', maxPoints: 200, note: NOTE }),
  };
}

/** The figures of splits, training, evaluation and search, from seeded data. */
export function moreExamples(): Record<string, figures.FigureSpec> {
  const random = randomState(17);
  const all = trials();
  const share = [0.21, 0.19, 0.2, 0.2, 0.2];
  return {
    recording: recording(),
    'explained-variance': figures.explainedVarianceFigure({
      ratio: Array.from({ length: 1024 }, (_, i) => 0.08 * 0.92 ** i),
      marks: [16, 128],
      note: NOTE,
    }),
    'split-balance': figures.splitBalanceFigure({
      rows: CLASSES.flatMap((label, k) =>
        share.map((part, fold) => ({
          fold,
          label,
          recordings: Math.round((300 + 900 * k) * part * (1 + (fold === k ? 0.5 : 0))),
          groups: 4 + fold + k,
        })),
      ),
      note: NOTE,
    }),
    'split-roles': figures.splitBalanceFigure({
      rows: CLASSES.flatMap((label, k) => [
        { fold: 'train', label, recordings: 80 + k },
        { fold: 'validation', label, recordings: k === 2 ? 0 : 10 },
        { fold: 'test', label, recordings: 10 + k },
      ]),
      note: NOTE,
    }),
    'learning-curves': figures.learningCurvesFigure({
      rows: ['loss', 'macro-F1'].flatMap((metric) =>
        (['train', 'validation'] as const).flatMap((split) =>
          [1, 2, 3].flatMap((run) =>
            Array.from({ length: 30 }, (_, i) => ({
              epoch: i + 1,
              metric,
              split,
              run,
              value:
                metric === 'loss'
                  ? 0.1 +
                    0.9 * Math.exp(-i / 6) +
                    (split === 'train' ? 0 : 0.004 * i) +
                    0.01 * random.double()
                  : 0.8 -
                    0.5 * Math.exp(-i / 5) -
                    (split === 'train' ? -0.05 : 0.02) +
                    0.01 * random.double(),
            })),
          ),
        ),
      ),
      bestEpoch: 21,
      note: NOTE,
    }),
    ...evaluationExamples(),
    marginals: figures.marginalsFigure({
      rows: (['rate', 'scale'] as const).flatMap((axis) =>
        (['low', 'high'] as const).flatMap((pass) =>
          Array.from({ length: 7 }, (_, cutoff) => {
            const value = pass === 'low' ? 0.8 - 0.35 * Math.exp(-cutoff / 2) : 0.78 - 0.02 * cutoff;
            return { axis, pass, cutoff, metric: 'macro-F1', value, low: value - 0.015, high: value + 0.015 };
          }),
        ),
      ),
      reference: { 'macro-F1': 0.79 },
      note: NOTE,
    }),
    'search-history': figures.searchHistoryFigure({
      trials: all,
      direction: 'maximize',
      objective: 'Validation macro-F1',
      note: NOTE,
    }),
    'search-parallel': figures.parallelCoordinatesFigure({
      trials: all,
      direction: 'maximize',
      objective: 'Validation macro-F1',
      scales,
      note: NOTE,
    }),
    'search-slices': figures.slicesFigure({
      trials: all,
      objective: 'Validation macro-F1',
      scales,
      note: NOTE,
    }),
    'search-importances': figures.importancesFigure({
      importances: [
        { name: 'dropout', importance: 0.18 },
        { name: 'learning_rate', importance: 0.61 },
        { name: 'layers', importance: 0.13 },
        { name: 'units_1', importance: 0.08 },
      ],
      method: 'fANOVA',
      note: NOTE,
    }),
    'search-pareto': figures.paretoFigure({
      trials: [
        [0.61, 1200],
        [0.74, 5200],
        [0.7, 9800],
        [0.79, 61000],
        [0.78, 240000],
        [0.58, 3100],
      ].map((values, number) => ({ number, values, front: [0, 1, 3].includes(number) })),
      objectives: [
        { title: 'Validation macro-F1', direction: 'maximize' },
        { title: 'Number of weights', direction: 'minimize' },
      ],
      note: NOTE,
    }),
    'search-timeline': figures.timelineFigure({ trials: all, note: NOTE }),
  };
}
