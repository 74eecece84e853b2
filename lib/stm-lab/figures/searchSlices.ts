import { inputError } from 'research-basics/errors';
import { colourOf, type ColourScale } from './colour';
import { colourBar, namedTicks } from './raster';
import {
  axisNumber,
  logTicks,
  parameterColumns,
  valuedTrials,
  type ParameterColumn,
  type ParameterScale,
  type SearchTrial,
} from './searchTrial';
import { valueRange } from './stm';
import { compact, composeFigure, type FigurePart, type FigureSpec, type FigureText } from './spec';

/** Input of `slicesFigure`. */
export interface SlicesInput extends FigureText {
  readonly trials: readonly SearchTrial[];
  /** Layout of parameters by name; see `ParameterScale` for the default. */
  readonly scales?: Readonly<Record<string, ParameterScale>> | undefined;
  /** Name of the objective. Default "Objective". */
  readonly objective?: string | undefined;
}

function logAxis(column: ParameterColumn): FigurePart {
  if (column.scale !== 'log') return {};
  const ticks = logTicks(column.low, column.high);
  return { ...namedTicks(ticks, ticks.map(axisNumber)), labelOverlap: 'greedy' };
}

/**
 * The objective over each parameter, one panel a parameter; the colour is the number of the trial, so that
 * the search's course shows.
 *
 * @throws UserError (`input`) when no trial has a value or a parameter.
 */
export function slicesFigure(input: SlicesInput): FigureSpec {
  const objective = input.objective ?? 'Objective';
  const trials = valuedTrials(input.trials, 'slices');
  const columns = parameterColumns(trials, input.scales);
  if (columns.length === 0) throw inputError('slices: the trials have no parameters; at least 1 is needed');
  const perRow = Math.min(4, columns.length);
  const [low, high] = valueRange([trials.map((trial) => trial.value)]);
  const colour: ColourScale = {
    palette: 'sequential',
    domain: valueRange([trials.map((trial) => trial.number)]),
  };
  const height = 130;
  const panels = columns.map((column, i): FigurePart => {
    const category = column.scale === 'category';
    const values = trials
      .filter((trial) => trial.params?.[column.name] !== undefined)
      .map((trial) => {
        const value = trial.params![column.name];
        return {
          parameter: category ? String(value) : compact(Number(value)),
          value: compact(trial.value),
          trial: trial.number,
          colour: colourOf(colour, trial.number),
        };
      });
    return {
      width: perRow === 1 ? 300 : 122,
      height,
      data: { values },
      mark: { type: 'point', filled: true, size: 26, opacity: 0.9, tooltip: { content: 'data' } },
      encoding: {
        x: category
          ? {
              field: 'parameter',
              type: 'nominal',
              scale: { domain: column.choices },
              axis: { title: column.name, labelAngle: column.choices.some((c) => c.length > 4) ? -35 : 0 },
            }
          : {
              field: 'parameter',
              type: 'quantitative',
              scale: {
                type: column.scale,
                nice: false,
                padding: 6,
                ...(column.scale === 'log' ? {} : { zero: false }),
              },
              axis: {
                title: column.name,
                grid: false,
                tickCount: 4,
                ...logAxis(column),
              },
            },
        y: {
          field: 'value',
          type: 'quantitative',
          scale: { domain: [low, high], zero: false, nice: true },
          axis: { title: i % perRow === 0 ? objective : null, labels: i % perRow === 0, tickCount: 5 },
        },
        color: { field: 'colour', type: 'nominal', scale: null },
      },
    };
  });
  const rows = Array.from({ length: Math.ceil(panels.length / perRow) }, (_, row) => ({
    hconcat: panels.slice(row * perRow, (row + 1) * perRow),
    spacing: 14,
  }));
  return composeFigure(
    { hconcat: [{ vconcat: rows, spacing: 14 }, colourBar(colour, 'Trial', height)], spacing: 14 },
    { ...input, defaultTitle: 'Objective over each parameter' },
  );
}
