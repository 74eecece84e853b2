import { inputError } from 'research-basics/errors';
import { CLASS_COLOURS, MUTED, panelTitle } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** A filter's tuning before and after training. */
export interface FilterPath {
  readonly task: string;
  /** Rate (Hz) and scale (cyc/oct) at each record, first to last. */
  readonly points: readonly { readonly rateHz: number; readonly scaleCycPerOct: number }[];
}

/** Input of `strfTrajectoryFigure`. */
export interface StrfTrajectoryInput extends FigureText {
  readonly paths: readonly FilterPath[];
}

/**
 * How filters move over the modulation plane during training: a line from the start (grey ring) to the
 * end (dot), one panel per task.
 *
 * @throws UserError (`input`) when there is no path.
 */
export function strfTrajectoryFigure({ paths, ...text }: StrfTrajectoryInput): FigureSpec {
  if (paths.length === 0) throw inputError('filter paths: none were given');
  const tasks = [...new Set(paths.map(({ task }) => task))];
  const all = paths.flatMap(({ points }) => points);
  const rate = Math.ceil(Math.max(...all.map(({ rateHz }) => Math.abs(rateHz)), 1) / 5) * 5;
  const scale = Math.ceil(Math.max(...all.map(({ scaleCycPerOct }) => scaleCycPerOct), 0.1) * 4) / 4;
  const perRow = Math.min(2, tasks.length);
  const width = perRow === 1 ? 400 : 260;
  const views = tasks.map((task, i) => {
    const own = paths.filter((path) => path.task === task);
    const values = own.flatMap(({ points }, filter) => {
      let piece = 0;
      return points.map((point, step) => {
        // A filter has two names, (rate, scale) and (-rate, -scale): one that crosses scale 0 continues at the
        // other side and needs no line across.
        const before = points[step - 1];
        const away = (sign: number): number =>
          Math.hypot(
            (sign * point.rateHz - before!.rateHz) / rate,
            (sign * point.scaleCycPerOct - before!.scaleCycPerOct) / scale,
          );
        const jump = before !== undefined && away(-1) < away(1);
        if (jump) piece++;
        return {
          filter: `${filter}.${piece}`,
          step,
          x: compact(point.rateHz, 4),
          y: compact(point.scaleCycPerOct, 4),
        };
      });
    });
    const ends = own.map(({ points }) => points.at(-1)!);
    const starts = own.map(({ points }) => points[0]!);
    const place = (points: typeof ends): Record<string, number | null>[] =>
      points.map((point) => ({ x: compact(point.rateHz, 4), y: compact(point.scaleCycPerOct, 4) }));
    const colour = CLASS_COLOURS[i % CLASS_COLOURS.length];
    const encoding = {
      x: {
        field: 'x',
        type: 'quantitative',
        scale: { domain: [-rate, rate], nice: false },
        axis: { title: i + perRow >= tasks.length ? 'Rate (Hz)' : null, tickCount: 7 },
      },
      y: {
        field: 'y',
        type: 'quantitative',
        scale: { domain: [0, scale], nice: false },
        axis: { title: i % perRow === 0 ? 'Scale (cyc/oct)' : null, tickCount: 5 },
      },
    };
    return {
      width,
      height: 180,
      title: panelTitle(`${task} (${own.length} filters)`),
      layer: [
        {
          data: { values },
          mark: { type: 'line', strokeWidth: 1, opacity: 0.6, color: colour, clip: true },
          encoding: {
            ...encoding,
            detail: { field: 'filter', type: 'nominal' },
            order: { field: 'step', type: 'quantitative' },
          },
        },
        {
          data: { values: place(starts) },
          mark: { type: 'point', size: 16, strokeWidth: 1, color: MUTED, clip: true },
          encoding,
        },
        {
          data: { values: place(ends) },
          mark: { type: 'point', filled: true, size: 20, opacity: 0.9, color: colour, clip: true },
          encoding,
        },
      ],
    };
  });
  return composeFigure(
    { concat: views, columns: perRow, spacing: 20 },
    {
      ...text,
      defaultTitle: 'Filters on the modulation plane during training',
      remarks: ['Rings: start. Dots: end. Positive rates move down in frequency. Scales hold above 1 kHz.'],
    },
  );
}
