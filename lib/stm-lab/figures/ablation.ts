import { inputError } from 'research-basics/errors';
import { colourBar } from './raster';
import { axisOrder, heatmapView } from './heatmap';
import type { ColourScale } from './colour';
import { valueRange } from './stm';
import { AXIS_TITLE_SIZE } from './theme';
import { wrapText } from './textWidth';
import { composeFigure, type FigurePart, type FigureSpec, type FigureText } from './spec';

/** One cell of the ablation: the score of a model that sees only one region of the modulation plane. */
export interface AblationCell {
  /** Region kept: `low` |rate| <= cutoff and scale <= cutoff; `high` both above; `not-…` the complements. */
  readonly pass: 'low' | 'high' | 'not-low' | 'not-high';
  /** Temporal cutoff, Hz. */
  readonly rateHz: number;
  /** Spectral cutoff, cycles per octave. */
  readonly scaleCycPerOct: number;
  /** Name of the score, e.g. "macro-F1"; each name is a row of maps. */
  readonly metric: string;
  readonly value: number;
  /** Interval of the value; half its width is printed under the value. */
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

/** Input of `ablationFigure`. */
export interface AblationInput extends FigureText {
  readonly cells: readonly AblationCell[];
  /**
   * `true-axes` (default): horizontal = temporal cutoff, vertical = spectral cutoff, upwards.
   * `published`: as the paper prints it (temporal cutoff upwards, but named "spectral"), with both names and
   * a note.
   */
  readonly layout?: 'true-axes' | 'published';
  /**
   * `per-map` (default): every map spans its own range of values, or the collapse of one corner hides the rest.
   * `per-metric`: one scale for the maps of a metric, so that colours compare between them.
   */
  readonly colours?: 'per-map' | 'per-metric';
  /** Score of the model that sees every feature, by metric; printed over the maps. */
  readonly reference?: Readonly<Record<string, number>> | undefined;
}

const PASS_TITLES: Record<AblationCell['pass'], string> = {
  low: 'Low-pass: |rate| ≤ cutoff and scale ≤ cutoff',
  high: 'High-pass: |rate| > cutoff and scale > cutoff',
  'not-low': 'Without the low-pass region',
  'not-high': 'Without the high-pass region',
};

const PUBLISHED_NOTE =
  'Arranged as in the published figure, which swaps its axis names: what it prints as spectral is the temporal cutoff, and the reverse.';

/** Three decimals without the leading zero: fits a cell, and scores here lie in 0 .. 1. */
function shortNumber(value: number): string {
  return value
    .toFixed(3)
    .replace(/^(-?)0\./, '$1.')
    .replace('-', '−');
}

function cellOf(
  entry: AblationCell,
  layout: 'true-axes' | 'published',
): Parameters<typeof heatmapView>[0]['cells'][0] {
  const { rateHz, scaleCycPerOct, value, low, high } = entry;
  const half = low !== undefined && high !== undefined ? (high - low) / 2 : NaN;
  return {
    x: layout === 'published' ? scaleCycPerOct : rateHz,
    y: layout === 'published' ? rateHz : scaleCycPerOct,
    value,
    text: Number.isFinite(value) ? shortNumber(value) : '–',
    subtext: Number.isFinite(half) ? `±${shortNumber(half)}` : undefined,
    detail: {
      'temporal cutoff (Hz)': rateHz,
      'spectral cutoff (cyc/oct)': scaleCycPerOct,
      [entry.metric]: Number.isFinite(value) ? value.toFixed(4) : null,
      ...(Number.isFinite(half) ? { interval: `${low!.toFixed(4)} … ${high!.toFixed(4)}` } : {}),
    },
  };
}

/** A map of few cells is at least as wide and high as its axis titles need, px. */
const LEAST_MAP_SIDE = 108;

/** Maps share no scale unless they are given the same domain. */
const OWN_COLOURS = { resolve: { scale: { fill: 'independent' } } };

function scaleOver(cells: readonly AblationCell[]): ColourScale {
  return { palette: 'sequential', domain: valueRange([cells.map((entry) => entry.value)]) };
}

/**
 * Heat maps of an ablation over temporal and spectral cutoffs, with the values printed: one row of maps per
 * metric, one column per region kind (the paper's figure has four: low-pass and
 * high-pass, ROC-AUC and macro-F1).
 *
 * Source: arXiv 2505.23509, ablation figure; its axis names are corrected here.
 *
 * @throws UserError (`input`) when there is no cell, or two for the same place.
 */
export function ablationFigure(input: AblationInput): FigureSpec {
  const { cells, reference } = input;
  const layout = input.layout ?? 'true-axes';
  if (cells.length === 0) throw inputError('an ablation figure needs at least one cell');
  const seen = new Set<string>();
  for (const { metric, pass, rateHz, scaleCycPerOct } of cells) {
    const key = `${metric}, ${pass}-pass, ${rateHz} Hz, ${scaleCycPerOct} cyc/oct`;
    if (seen.has(key)) throw inputError(`ablation figure: two values for ${key}; give one`);
    seen.add(key);
  }
  const rates = axisOrder(cells.map((entry) => entry.rateHz));
  const scales = axisOrder(cells.map((entry) => entry.scaleCycPerOct));
  const passes = (['low', 'high', 'not-low', 'not-high'] as const).filter((pass) =>
    cells.some((entry) => entry.pass === pass),
  );
  const temporal = 'Temporal cutoff (Hz)';
  const spectral = 'Spectral cutoff (cyc/oct)';
  const metrics = [...new Set(cells.map((entry) => entry.metric))];
  const rows = metrics.map((metric): FigurePart => {
    const own = cells.filter((entry) => entry.metric === metric);
    const rowCount = (layout === 'published' ? rates : scales).length;
    const fewest = Math.min(rates.length, scales.length);
    const side = Math.max(own.some((entry) => entry.low !== undefined) ? 34 : 32, LEAST_MAP_SIDE / fewest);
    const reached = reference?.[metric];
    const mapTitle = reached === undefined ? metric : `${metric} (all features: ${reached.toFixed(3)})`;
    const bar = (colour: ColourScale): FigurePart => colourBar(colour, metric, side * rowCount);
    const upwards = (title: string): string[] => wrapText(title, side * rowCount, AXIS_TITLE_SIZE);
    const titles =
      layout === 'published'
        ? { x: [spectral, '(printed: temporal)'], y: [...upwards(temporal), '(printed: spectral)'] }
        : { x: [temporal], y: upwards(spectral) };
    const shared = scaleOver(own);
    const maps = passes.flatMap((pass) => {
      const shown = own.filter((entry) => entry.pass === pass);
      const colour = input.colours === 'per-metric' ? shared : scaleOver(shown);
      const map = heatmapView({
        cells: shown.map((entry) => cellOf(entry, layout)),
        xOrder: layout === 'published' ? scales : rates,
        yOrder: [...(layout === 'published' ? rates : scales)].reverse(),
        xTitle: titles.x,
        yTitle: titles.y,
        colour,
        cell: side,
        title: [PASS_TITLES[pass], mapTitle],
      });
      return input.colours === 'per-metric'
        ? [map]
        : [{ hconcat: [map, bar(colour)], spacing: 10, ...OWN_COLOURS }];
    });
    return {
      hconcat: input.colours === 'per-metric' ? [...maps, bar(shared)] : maps,
      spacing: 14,
      ...OWN_COLOURS,
    };
  });
  return composeFigure(
    { vconcat: rows, spacing: 26, ...OWN_COLOURS },
    {
      ...input,
      defaultTitle: 'Ablation by modulation cutoff',
      remarks: layout === 'published' ? [PUBLISHED_NOTE] : [],
    },
  );
}
