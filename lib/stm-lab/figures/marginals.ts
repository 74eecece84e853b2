import { inputError } from 'research-basics/errors';
import { CLASS_COLOURS, CLASS_SHAPES, classScale, MUTED, panelTitle } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** Score of a model that sees one side of a cutoff on a single axis, all of the other axis. */
export interface MarginalRow {
  readonly axis: 'rate' | 'scale';
  readonly pass: 'low' | 'high';
  readonly cutoff: number;
  /** Of the cutoff, the same for all of an axis. Default Hz for `rate`, cyc/oct for `scale`. */
  readonly unit?: 'Hz' | 'cyc/oct' | 'cyc/kHz' | undefined;
  /** Name of the score; each is a row of panels. */
  readonly metric: string;
  readonly value: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

/** Input of `marginalsFigure`. */
export interface MarginalsInput extends FigureText {
  readonly rows: readonly MarginalRow[];
  /** Score of the model that sees every feature, by metric; a dashed line. */
  readonly reference?: Readonly<Record<string, number>> | undefined;
}

const AXES = {
  rate: { panel: 'Temporal axis alone', title: 'Rate cutoff', unit: 'Hz' },
  scale: { panel: 'Spectral axis alone', title: 'Scale cutoff', unit: 'cyc/oct' },
} as const;

const PASSES = ['low-pass (≤ cutoff)', 'high-pass (> cutoff)'];

/** Only one panel has a legend. */
const OWN_LEGENDS = { scale: { color: 'independent', shape: 'independent' } };

/**
 * Ablation along one axis at a time, with intervals: what temporal or spectral modulation alone is worth. These are the
 * temporal and spectral modulation transfer functions of Elliott & Theunissen 2009, with a model as the listener.
 *
 * @throws UserError (`input`) when there is no row.
 */
export function marginalsFigure(input: MarginalsInput): FigureSpec {
  const { rows, reference } = input;
  if (rows.length === 0) throw inputError('marginals figure: no scores; give at least one');
  const metrics = [...new Set(rows.map((row) => row.metric))];
  const axes = (['rate', 'scale'] as const).filter((axis) => rows.some((row) => row.axis === axis));
  const views = metrics.map((metric, i) => {
    const ofMetric = rows.filter((row) => row.metric === metric);
    const all = ofMetric
      .flatMap((row) => [row.value, row.low ?? NaN, row.high ?? NaN])
      .concat(reference?.[metric] ?? NaN)
      .filter(Number.isFinite);
    const y = (field: string): Record<string, unknown> => ({
      field,
      type: 'quantitative',
      scale: { domain: [Math.min(...all), Math.max(...all)], zero: false, nice: true },
      axis: { title: metric, tickCount: 5 },
    });
    return {
      resolve: OWN_LEGENDS,
      hconcat: axes.map((axis, j) => {
        const values = ofMetric
          .filter((row) => row.axis === axis)
          .map((row) => ({
            cutoff: row.cutoff,
            pass: PASSES[row.pass === 'low' ? 0 : 1],
            value: compact(row.value),
            low: compact(row.low ?? NaN),
            high: compact(row.high ?? NaN),
          }));
        const unit = ofMetric.find((row) => row.axis === axis)?.unit ?? AXES[axis].unit;
        const x = {
          field: 'cutoff',
          type: 'quantitative',
          scale: { zero: true, nice: false, padding: 8 },
          axis: { title: `${AXES[axis].title} (${unit})`, grid: false, tickCount: 7 },
        };
        const legend =
          i === metrics.length - 1 && j === 0
            ? { title: null, orient: 'bottom', direction: 'horizontal', offset: 8 }
            : null;
        const color = {
          field: 'pass',
          type: 'nominal',
          scale: classScale(PASSES, [CLASS_COLOURS[0], CLASS_COLOURS[2]]),
          legend,
        };
        const shape = { field: 'pass', type: 'nominal', scale: classScale(PASSES, CLASS_SHAPES), legend };
        return {
          width: 255,
          height: 170,
          title: panelTitle(AXES[axis].panel),
          data: { values },
          layer: [
            { mark: { type: 'line' }, encoding: { x, y: y('value'), color } },
            {
              transform: [{ filter: 'isValid(datum.low) && isValid(datum.high)' }],
              mark: { type: 'rule', strokeWidth: 1.3 },
              encoding: { x, y: y('low'), y2: { field: 'high' }, color },
            },
            {
              mark: { type: 'point', filled: true, size: 45, opacity: 1, tooltip: true },
              encoding: { x, y: y('value'), color, shape },
            },
            ...(reference?.[metric] === undefined
              ? []
              : [
                  {
                    data: { values: [{ value: reference[metric] }] },
                    mark: { type: 'rule', strokeDash: [4, 3], color: MUTED },
                    encoding: { y: y('value') },
                  },
                ]),
          ],
        };
      }),
      spacing: 22,
    };
  });
  return composeFigure(
    { vconcat: views, spacing: 22, resolve: OWN_LEGENDS },
    {
      ...input,
      defaultTitle: 'Ablation along one axis',
      remarks: reference === undefined ? [] : ['Dashed line: all features.'],
      widthPx: 600,
    },
  );
}
