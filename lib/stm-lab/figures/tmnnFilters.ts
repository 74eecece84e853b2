import { inputError } from 'research-basics/errors';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';
import { CLASS_COLOURS, GRID } from './theme';

/** Frequency response of one modulation filter. */
export interface ModulationResponseRow {
  /** Panel, e.g. the system. */
  readonly panel: string;
  /** Number of the filter in its network, from 1. */
  readonly filter: number;
  readonly seed: number;
  readonly state: 'before training' | 'learned';
  /** Modulation rates, Hz, and the gain at each relative to the largest. */
  readonly hz: ArrayLike<number>;
  readonly gain: ArrayLike<number>;
}

/** Input of `modulationFiltersFigure`. */
export interface ModulationFiltersInput extends FigureText {
  readonly responses: readonly ModulationResponseRow[];
  /** A rate to be marked in every panel, e.g. one that was planted, Hz. */
  readonly markHz?: number | undefined;
}

/**
 * What the modulation filters let pass, before training and learned: gain over modulation rate, a panel per system, a
 * line per filter and seed.
 *
 * @throws UserError (`input`) when there is no response.
 */
export function modulationFiltersFigure(input: ModulationFiltersInput): FigureSpec {
  const { responses, markHz } = input;
  if (responses.length === 0)
    throw inputError('modulation filters: no responses; give networks with at least one filter');
  const names = [...new Set(responses.map(({ panel }) => panel))];
  const columns = Math.min(names.length, 3);
  const width = columns === 1 ? 400 : columns === 2 ? 270 : 175;
  const states = ['before training', 'learned'];
  const panels = names.map((name, i) => {
    const legend = { title: null, orient: 'top', direction: 'horizontal', offset: 6 };
    return {
      width,
      height: 150,
      title: { text: name },
      layer: [
        ...(markHz === undefined
          ? []
          : [
              {
                data: { values: [{ hz: markHz }] },
                mark: { type: 'rule', strokeDash: [3, 3], color: GRID },
                encoding: { x: { field: 'hz', type: 'quantitative' } },
              },
            ]),
        {
          data: {
            values: responses
              .filter(({ panel }) => panel === name)
              .flatMap(({ filter, seed, state, hz, gain }) =>
                Array.from(hz, (f, k) => ({
                  hz: compact(f, 5),
                  gain: compact(gain[k]!, 4),
                  state,
                  line: `filter ${filter}, seed ${seed}, ${state}`,
                })),
              ),
          },
          mark: { type: 'line', strokeWidth: 1.4, tooltip: true },
          encoding: {
            x: {
              field: 'hz',
              type: 'quantitative',
              scale: { nice: false },
              axis: { title: 'Modulation rate (Hz)', tickCount: 7, grid: false },
            },
            y: {
              field: 'gain',
              type: 'quantitative',
              scale: { domain: [0, 1] },
              axis: { title: i % columns === 0 ? 'Gain (largest = 1)' : null, tickCount: 4 },
            },
            color: {
              field: 'state',
              type: 'nominal',
              scale: { domain: states, range: [CLASS_COLOURS[7], CLASS_COLOURS[0]] },
              legend,
            },
            strokeDash: {
              field: 'state',
              type: 'nominal',
              scale: {
                domain: states,
                range: [
                  [4, 3],
                  [1, 0],
                ],
              },
              legend,
            },
            detail: { field: 'line', type: 'nominal' },
          },
        },
      ],
    };
  });
  return composeFigure(
    { concat: panels, columns, spacing: 18 },
    {
      ...input,
      defaultTitle: 'Modulation filters before and after training',
      widthPx: columns === 1 ? 460 : 620,
      remarks: markHz === undefined ? [] : [`Dashed vertical line: ${markHz} Hz.`],
    },
  );
}
