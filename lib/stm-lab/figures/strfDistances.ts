import { inputError } from 'research-basics/errors';
import { heatmapView, type HeatmapCell } from './heatmap';
import { composeFigure, type FigureSpec, type FigureText } from './spec';

/** What distances are measured by: the words of the figure's remark, and the colours' range. */
const MEASURES = {
  'jensen-shannon': {
    text: 'Jensen–Shannon distance of densities on the modulation plane',
    most: (): number => 1,
  },
  wasserstein: {
    text: 'Wasserstein-1 distance of filters on the modulation plane, axes in root mean squares of starting filters',
    most: (values: readonly number[]): number => Math.max(...values),
  },
} as const;

/** Input of `strfDistanceFigure`. */
export interface StrfDistanceInput extends FigureText {
  /** Default `jensen-shannon`. */
  readonly measure?: keyof typeof MEASURES;
  /** Each pair once, a task with itself across seeds included. */
  readonly distances: readonly {
    readonly first: string;
    readonly second: string;
    readonly distance: number;
    /** In standard deviations of distances between untrained banks. */
    readonly z: number;
  }[];
}

/**
 * Distances between tasks' filters as a matrix, and below each how far it is from what untrained banks of the
 * same size give.
 *
 * @throws UserError (`input`) when there is no distance.
 */
export function strfDistanceFigure({
  distances,
  measure = 'jensen-shannon',
  ...text
}: StrfDistanceInput): FigureSpec {
  if (distances.length === 0)
    throw inputError('filter distances: none; two or more training runs are needed');
  const columns = [...new Set(distances.flatMap(({ first, second }) => [second, first]))].filter(
    (name) => !name.endsWith(' start'),
  );
  const rows = [...new Set([...columns, ...distances.map(({ first }) => first)])];
  const { text: measured, most } = MEASURES[measure];
  const text2 = (z: number): string => `z ${z.toFixed(1).replace('-', '−')}`;
  const cells = rows.flatMap((y) =>
    columns.map((x): HeatmapCell => {
      const found = distances.find(
        ({ first, second }) => (first === y && second === x) || (first === x && second === y),
      );
      return {
        x,
        y,
        value: found?.distance ?? NaN,
        text: found === undefined ? '' : found.distance.toFixed(2),
        subtext: found === undefined ? '' : text2(found.z),
      };
    }),
  );
  return composeFigure(
    {
      hconcat: [
        heatmapView({
          cells,
          xOrder: columns,
          yOrder: rows,
          xTitle: null,
          yTitle: null,
          colour: { palette: 'sequential', domain: [0, most(distances.map(({ distance }) => distance))] },
          cell: { width: 76, height: 40 },
        }),
      ],
    },
    {
      ...text,
      defaultTitle: 'Distances between learned filters',
      remarks: [
        `${measured}, mean over pairs of seeds; z against untrained banks of the same size. Diagonal: other seeds of the same task.`,
      ],
    },
  );
}
