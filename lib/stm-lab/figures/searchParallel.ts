import { inputError } from 'research-basics/errors';
import { colourOf, type ColourScale } from './colour';
import { colourBar } from './raster';
import {
  axisNumber,
  parameterColumns,
  valuedTrials,
  type ParameterScale,
  type SearchDirection,
  type SearchTrial,
} from './searchTrial';
import { valueRange } from './stm';
import { MUTED } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** Input of `parallelCoordinatesFigure`. */
export interface ParallelCoordinatesInput extends FigureText {
  readonly trials: readonly SearchTrial[];
  readonly direction: SearchDirection;
  /** Layout of parameters by name; see `ParameterScale` for the default. */
  readonly scales?: Readonly<Record<string, ParameterScale>> | undefined;
  /** Name of the objective. Default "Objective". */
  readonly objective?: string | undefined;
}

const HEIGHT = 240;

/**
 * Every trial as a line over its parameters, coloured by the objective; good trials lie on top. A line is
 * interrupted where a trial does not have the parameter.
 *
 * @throws UserError (`input`) when no trial has a value, or fewer than two parameters.
 */
export function parallelCoordinatesFigure(input: ParallelCoordinatesInput): FigureSpec {
  const objective = input.objective ?? 'Objective';
  const sign = input.direction === 'maximize' ? 1 : -1;
  const trials = valuedTrials(input.trials, 'parallel coordinates').sort(
    (a, b) => sign * (a.value - b.value),
  );
  const columns = parameterColumns(trials, input.scales);
  if (columns.length < 2) {
    throw inputError(
      `parallel coordinates: the trials have ${columns.length} parameters; at least 2 are needed`,
    );
  }
  const colour: ColourScale = {
    palette: 'sequential',
    domain: valueRange([trials.map((trial) => trial.value)]),
  };
  const names = columns.map((column) => column.name);
  const lines = trials.flatMap((trial, order) =>
    columns.map((column) => {
      const value = trial.params?.[column.name];
      return {
        parameter: column.name,
        place: value === undefined ? null : compact(column.position(value), 4),
        chosen: value === undefined ? '–' : String(value),
        trial: trial.number,
        order,
        [objective]: compact(trial.value),
        colour: colourOf(colour, trial.value),
      };
    }),
  );
  const marks = columns.flatMap((column) =>
    column.scale === 'category'
      ? column.choices.map((choice) => ({
          parameter: column.name,
          place: compact(column.position(choice), 4),
          text: choice,
        }))
      : [0, 0.5, 1].map((place) => ({
          parameter: column.name,
          place,
          text: axisNumber(
            column.scale === 'log'
              ? column.low * (column.high / column.low) ** place
              : column.low + place * (column.high - column.low),
          ),
        })),
  );
  const x = {
    field: 'parameter',
    type: 'nominal',
    sort: null,
    scale: { type: 'point', domain: names, padding: 0.5 },
    axis: {
      title: null,
      domain: false,
      ticks: false,
      labelAngle: -25,
      labelPadding: 10,
      grid: true,
      gridColor: '#999999',
    },
  };
  const y = { field: 'place', type: 'quantitative', scale: { domain: [0, 1] }, axis: null };
  const plot = {
    width: Math.max(420, Math.min(590, 85 * columns.length)),
    height: HEIGHT,
    layer: [
      {
        data: { values: lines },
        mark: { type: 'line', strokeWidth: 1.2, opacity: 0.85, tooltip: { content: 'data' } },
        encoding: {
          x,
          y,
          detail: { field: 'order', type: 'ordinal' },
          color: { field: 'colour', type: 'nominal', scale: null },
        },
      },
      {
        data: { values: marks },
        mark: {
          type: 'text',
          align: 'left',
          dx: 4,
          fontSize: 9,
          stroke: 'white',
          strokeWidth: 3,
          strokeJoin: 'round',
        },
        encoding: { x, y, text: { field: 'text' } },
      },
      {
        data: { values: marks },
        mark: { type: 'text', align: 'left', dx: 4, fontSize: 9 },
        encoding: { x, y, text: { field: 'text' } },
      },
      {
        data: { values: marks },
        mark: { type: 'tick', orient: 'horizontal', size: 6, color: MUTED, thickness: 1 },
        encoding: { x, y },
      },
    ],
  };
  return composeFigure(
    { hconcat: [plot, colourBar(colour, objective, HEIGHT)], spacing: 16 },
    { ...input, defaultTitle: 'Trials over their parameters' },
  );
}
