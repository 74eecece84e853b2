import { inputError } from 'research-basics/errors';
import { colourBar } from './raster';
import { heatmapView } from './heatmap';
import type { ColourScale } from './colour';
import { composeFigure, type FigureSpec, type FigureText } from './spec';

/** Input of `confusionFigure`. */
export interface ConfusionInput extends FigureText {
  /** Counts, `matrix[true class][predicted class]`; fractions are allowed (means over folds). */
  readonly matrix: readonly (readonly number[])[];
  /** Names of the classes, in the order of the matrix. */
  readonly classes: readonly string[];
}

/**
 * Confusion matrix: the share of each true class (row) by predicted class, with the count under it. Rows are
 * coloured by share, so that a rare class is as visible as a frequent one.
 *
 * @throws UserError (`input`) when the matrix is not square or does not match the classes.
 */
export function confusionFigure(input: ConfusionInput): FigureSpec {
  const { matrix, classes } = input;
  if (matrix.length !== classes.length || matrix.some((row) => row.length !== classes.length)) {
    throw inputError(
      `confusion matrix of ${matrix.length} rows for ${classes.length} classes; give one row and column a class`,
    );
  }
  const colour: ColourScale = { palette: 'sequential', domain: [0, 100] };
  const cells = matrix.flatMap((row, i) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, j) => {
      const percent = total > 0 ? (100 * count) / total : NaN;
      const countText = Number.isInteger(count) ? String(count) : count.toFixed(1);
      return {
        x: classes[j],
        y: classes[i],
        value: percent,
        text: Number.isNaN(percent) ? '–' : `${percent.toFixed(percent > 0 && percent < 9.95 ? 1 : 0)} %`,
        subtext: countText,
        detail: { 'true class': classes[i], predicted: classes[j], recordings: countText },
      };
    });
  });
  const cell = { width: 62, height: 42 };
  const map = heatmapView({
    cells,
    xOrder: classes,
    yOrder: classes,
    xTitle: 'Predicted class',
    yTitle: 'True class',
    colour,
    cell,
    xLabelAngle: -30,
  });
  return composeFigure(
    {
      hconcat: [map, colourBar(colour, 'Share of the true class (%)', cell.height * classes.length)],
      spacing: 14,
    },
    { ...input, defaultTitle: 'Confusion matrix', widthPx: 560 },
  );
}
