import { inputError } from 'research-basics/errors';
import type { ColourScale } from './colour';
import { colourBar, rasterView, type Raster } from './raster';
import { composeFigure, type FigureSpec, type FigureText } from './spec';
import { valueRange } from './stm';

/** Input of `filteredSoundFigure`: cochleagrams in dB, row-major, one row per channel (lowest first). */
export interface FilteredSoundInput extends FigureText {
  readonly before: ArrayLike<number>;
  readonly target: ArrayLike<number>;
  readonly after: ArrayLike<number>;
  /** Centre frequency of each channel, Hz, ascending in even steps of log frequency. */
  readonly channelHz: readonly number[];
  /** Frames a second, e.g. 125. */
  readonly frameRateHz: number;
}

/** Three panels and the colour bar fit an output of JupyterLab beside its side bar, about 850 px. */
const WIDTH = 194;
const HEIGHT = 140;

/**
 * A sound whose modulations were filtered: its cochleagram, the target, and the one that was reached, on one colour
 * scale (dB).
 *
 * @throws UserError (`input`) when the matrices do not match the channels.
 */
export function filteredSoundFigure(input: FilteredSoundInput): FigureSpec {
  const { channelHz, before, target, after, frameRateHz } = input;
  const rows = channelHz.length;
  if (rows < 2 || [before, target, after].some(({ length }) => length === 0 || length % rows !== 0))
    throw inputError(
      `filtered sound figure: ${before.length}, ${target.length} and ${after.length} values are not rows for ${rows} channels`,
    );
  const colour: ColourScale = { palette: 'sequential', domain: valueRange([before, target, after]) };
  const halfStep = Math.sqrt(channelHz[rows - 1] / channelHz[0]) ** (1 / (rows - 1));
  const panel = (title: string, values: ArrayLike<number>): Raster => ({
    ...{ values, rows, columns: values.length / rows, colour, width: WIDTH, height: HEIGHT, title },
    x: { edges: [0, values.length / rows / frameRateHz], title: 'Time (s)', axis: { tickCount: 5 } },
    y: {
      edges: [channelHz[0] / halfStep, channelHz[rows - 1] * halfStep],
      scale: 'log',
      title: title === 'Before' ? 'Centre frequency (Hz)' : null,
      ticks: [200, 500, 1000, 2000, 5000],
      axis: { format: 'd' },
    },
  });
  return composeFigure(
    {
      hconcat: [
        rasterView(panel('Before', before)),
        rasterView(panel('Target', target)),
        {
          hconcat: [rasterView(panel('After', after)), colourBar(colour, 'Level (dB)', HEIGHT)],
          spacing: 10,
        },
      ],
      spacing: 18,
    },
    { ...input, defaultTitle: 'Cochleagram before and after filtering its modulations' },
  );
}
