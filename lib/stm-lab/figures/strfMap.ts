import { inputError } from 'research-basics/errors';
import { classScale, CLASS_COLOURS, CLASS_SHAPES, MUTED, panelTitle } from './theme';
import { compact, composeFigure, type FigurePart, type FigureSpec, type FigureText } from './spec';

/** Two groups joined in a dendrogram: items are 0 .. n - 1, merge k makes n + k. */
export interface DendrogramMerge {
  readonly first: number;
  readonly second: number;
  readonly height: number;
}

/** Input of `strfMapFigure`. */
export interface StrfMapInput extends FigureText {
  /** One per bank: its task, and its place on the map. */
  readonly banks: readonly {
    readonly task: string;
    readonly seed: number;
    readonly x: number;
    readonly y: number;
  }[];
  /** What the map's two axes hold of the banks' spread, 0 .. 1. */
  readonly share: number;
  /** n - 1 merges, heights rising. */
  readonly merges: readonly DendrogramMerge[];
  /** Banks from top to bottom of the dendrogram. */
  readonly order: readonly number[];
}

/**
 * Trained banks by their distances: a map (every dot a bank, coloured by task) beside a dendrogram.
 *
 * @throws UserError (`input`) when banks, merges and order do not fit together.
 */
export function strfMapFigure(input: StrfMapInput): FigureSpec {
  const { banks, merges, order, share } = input;
  if (banks.length < 3 || merges.length !== banks.length - 1 || order.length !== banks.length)
    throw inputError(
      `filter map: ${banks.length} banks, ${merges.length} merges and ${order.length} in order; 3 banks or more and one merge fewer are needed`,
    );
  const tasks = [...new Set(banks.map(({ task }) => task))];
  const legend = { title: null, orient: 'top', direction: 'horizontal', symbolOpacity: 1 };
  const byTask: FigurePart = {
    color: { field: 'task', type: 'nominal', scale: classScale(tasks, CLASS_COLOURS), legend },
    shape: { field: 'task', type: 'nominal', scale: classScale(tasks, CLASS_SHAPES), legend },
  };
  return composeFigure(
    {
      hconcat: [mapView(banks, share, byTask), dendrogramView(banks, merges, order, byTask)],
      spacing: 40,
      resolve: { scale: { x: 'independent', y: 'independent' } },
    },
    {
      ...input,
      defaultTitle: 'Learned banks by the distances of their filters',
      remarks: [
        'Jensen–Shannon distances of densities on the modulation plane; one dot or leaf per training. Map: classical scaling. Tree: average linkage.',
      ],
    },
  );
}

function mapView(banks: StrfMapInput['banks'], share: number, byTask: FigurePart): FigurePart {
  // One scale for both axes: a distance is the same in every direction.
  const farthest = Math.max(...banks.flatMap(({ x, y }) => [Math.abs(x), Math.abs(y)]), 1e-9);
  const reach = compact(farthest * 1.12, 4)!;
  const axis = (field: string, title: string): FigurePart => ({
    field,
    type: 'quantitative',
    scale: { domain: [-reach, reach], nice: false },
    axis: { title, tickCount: 5 },
  });
  return {
    width: 250,
    height: 250,
    title: panelTitle(`Map (${Math.round(100 * share)} % of the spread)`),
    data: {
      values: banks.map(({ task, seed, x, y }) => ({ task, seed, x: compact(x, 4), y: compact(y, 4) })),
    },
    mark: { type: 'point', filled: true, size: 60, opacity: 0.9 },
    encoding: { x: axis('x', 'Distance along axis 1'), y: axis('y', 'Distance along axis 2'), ...byTask },
  };
}

function dendrogramView(
  banks: StrfMapInput['banks'],
  merges: readonly DendrogramMerge[],
  order: readonly number[],
  byTask: FigurePart,
): FigurePart {
  const places = new Map(order.map((bank, place) => [bank, { place, height: 0 }]));
  const lines = merges.flatMap(({ first, second, height }, k) => {
    const [a, b] = [places.get(first)!, places.get(second)!];
    places.set(banks.length + k, { place: (a.place + b.place) / 2, height });
    const line = (x: number, x2: number, y: number, y2: number): FigurePart => ({
      x: compact(x, 4),
      x2: compact(x2, 4),
      y,
      y2,
    });
    return [
      line(a.height, height, a.place, a.place),
      line(b.height, height, b.place, b.place),
      line(height, height, a.place, b.place),
    ];
  });
  const y = {
    type: 'quantitative',
    scale: { domain: [banks.length - 0.5, -0.5], nice: false },
    axis: null,
  };
  const x = { type: 'quantitative', scale: { zero: true, nice: false } };
  return {
    width: 270,
    height: 250,
    title: panelTitle('Tree'),
    layer: [
      {
        data: { values: lines },
        mark: { type: 'rule', color: MUTED, strokeWidth: 1.2 },
        encoding: {
          x: { ...x, field: 'x', axis: { title: 'Mean distance at which groups join', tickCount: 5 } },
          x2: { field: 'x2' },
          y: { ...y, field: 'y' },
          y2: { field: 'y2' },
        },
      },
      {
        data: {
          values: order.map((bank, place) => ({
            task: banks[bank]!.task,
            seed: banks[bank]!.seed,
            place,
            x: 0,
          })),
        },
        mark: { type: 'point', filled: true, size: banks.length > 24 ? 24 : 50, opacity: 1, clip: false },
        encoding: { x: { ...x, field: 'x' }, y: { ...y, field: 'place' }, ...byTask },
      },
    ],
  };
}
