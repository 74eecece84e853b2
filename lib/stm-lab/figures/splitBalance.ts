import { inputError } from 'research-basics/errors';
import type { ColourScale } from './colour';
import { axisOrder, heatmapView } from './heatmap';
import { colourBar } from './raster';
import { composeFigure, type FigureSpec, type FigureText } from './spec';

/** Recordings of one class in one fold or role. */
export interface SplitBalanceRow {
  /** Fold number, or a role ("train", "validation", "test"). */
  readonly fold: number | string;
  readonly label: string;
  readonly recordings: number;
  /** Groups (speakers, artists, places); printed under the recordings when given. */
  readonly groups?: number | undefined;
}

/** Input of `splitBalanceFigure`. */
export interface SplitBalanceInput extends FigureText {
  readonly rows: readonly SplitBalanceRow[];
  /** Share of the recordings a fold should hold. Default: the share it does hold over all classes. */
  readonly expectedShare?: Readonly<Record<string, number>> | undefined;
}

/**
 * Recordings of each class in each fold, coloured by how far the class's share departs from the fold's
 * share of everything: white = balanced, red = twice, blue = half. Groups are printed below.
 *
 * @throws UserError (`input`) when there is no recording.
 */
export function splitBalanceFigure(input: SplitBalanceInput): FigureSpec {
  const { rows } = input;
  const total = rows.reduce((sum, row) => sum + row.recordings, 0);
  if (!(total > 0)) throw inputError('split figure: no recordings; give at least one');
  const sumWhere = (test: (row: SplitBalanceRow) => boolean): number =>
    rows.filter(test).reduce((sum, row) => sum + row.recordings, 0);
  const folds = axisOrder(rows.map((row) => row.fold));
  const labels = [...new Set(rows.map((row) => row.label))];
  const cells = labels.flatMap((label) => {
    const ofClass = sumWhere((row) => row.label === label);
    return folds.map((fold) => {
      const own = rows.filter((row) => row.label === label && row.fold === fold);
      const recordings = own.reduce((sum, row) => sum + row.recordings, 0);
      const groups = own.some((row) => row.groups !== undefined)
        ? own.reduce((sum, row) => sum + (row.groups ?? 0), 0)
        : undefined;
      const share = input.expectedShare?.[String(fold)] ?? sumWhere((row) => row.fold === fold) / total;
      const ratio = ofClass > 0 ? recordings / (ofClass * share) : NaN;
      return {
        x: fold,
        y: label,
        value: ratio > 0 ? Math.log2(ratio) : ratio === 0 ? -Infinity : NaN,
        text: recordings.toLocaleString('en-US'),
        subtext: groups === undefined ? undefined : `${groups.toLocaleString('en-US')} gr.`,
        detail: {
          fold,
          class: label,
          recordings,
          'of expected': Number.isFinite(ratio) ? ratio.toFixed(2) : null,
        },
      };
    });
  });
  const colour: ColourScale = {
    palette: 'diverging',
    domain: [-1, 1],
    ticks: [1 / 2, 2 / 3, 4 / 5, 1, 5 / 4, 3 / 2, 2].map(Math.log2),
  };
  const withGroups = rows.some((row) => row.groups !== undefined);
  const cell = {
    width: Math.max(38, Math.min(70, Math.floor(440 / folds.length))),
    height: withGroups ? 34 : 26,
  };
  const map = heatmapView({
    cells,
    xOrder: folds,
    yOrder: labels,
    xTitle: typeof folds[0] === 'number' ? 'Fold' : 'Role',
    yTitle: null,
    colour,
    cell,
  });
  const bar = colourBar(colour, 'Share ÷ expected', cell.height * labels.length, (tick) =>
    Number((2 ** tick).toFixed(2)).toString(),
  );
  return composeFigure(
    { hconcat: [map, bar], spacing: 14 },
    {
      ...input,
      defaultTitle: 'Balance of the split',
      remarks: [
        withGroups
          ? 'Recordings of each class, and the groups (gr.) they come from.'
          : 'Recordings of each class.',
      ],
    },
  );
}
