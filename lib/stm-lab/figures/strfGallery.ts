import { inputError } from 'research-basics/errors';
import type { ColourScale } from './colour';
import { rasterView } from './raster';
import { composeFigure, type FigurePart, type FigureSpec, type FigureText } from './spec';

/** One filter of a gallery. */
export interface GalleryFilter {
  /** Real part of the kernel, row-major, one row per mel band from low to high. */
  readonly kernel: ArrayLike<number>;
  /** Tuning: rate (signed, downwards positive) and scale. */
  readonly rateHz: number;
  readonly scaleCycPerOct: number;
  /** Envelope: standard deviations in ms and bands. */
  readonly sigmaMs: number;
  readonly sigmaBands: number;
}

/** Input of `strfGalleryFigure`. */
export interface StrfGalleryInput extends FigureText {
  /** In the order shown. */
  readonly filters: readonly GalleryFilter[];
  readonly frequencyTaps: number;
  readonly timeTaps: number;
  /** Frames per second. */
  readonly frameRate: number;
  /** Mel bands per octave above 1 kHz. */
  readonly bandsPerOctave: number;
  /** Filters side by side. Default 4. */
  readonly perRow?: number;
}

/**
 * Spectrotemporal filters as pictures, time across and frequency upwards, each on its own symmetric
 * colour scale, with its tuning above.
 *
 * @throws UserError (`input`) when there is no filter or a kernel has another size.
 */
export function strfGalleryFigure(input: StrfGalleryInput): FigureSpec {
  const { filters, frequencyTaps, timeTaps, frameRate, bandsPerOctave, perRow = 4 } = input;
  if (filters.length === 0) throw inputError('filter gallery: no filters; the layer has none');
  const halfMs = (timeTaps / 2 / frameRate) * 1000;
  const halfOctaves = frequencyTaps / 2 / bandsPerOctave;
  const signed = (value: number, digits: number): string => value.toFixed(digits).replace('-', '−');
  const views = filters.map((filter, i): FigurePart => {
    const largest = Array.from(filter.kernel).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
    const colour: ColourScale = { palette: 'diverging', domain: [-largest, largest] };
    const lastRow = i + perRow >= filters.length;
    return rasterView({
      values: filter.kernel,
      rows: frequencyTaps,
      columns: timeTaps,
      x: { edges: [-halfMs, halfMs], title: lastRow ? 'Time (ms)' : null, axis: { tickCount: 3 } },
      y: {
        edges: [-halfOctaves, halfOctaves],
        title: i % perRow === 0 ? 'Octaves' : null,
        axis: { tickCount: 3 },
      },
      colour,
      width: 118,
      height: 54,
      title: [
        `${signed(filter.rateHz, 1)} Hz, ${filter.scaleCycPerOct.toFixed(2)} cyc/oct`,
        `σ ${filter.sigmaMs.toFixed(0)} ms, ${filter.sigmaBands.toFixed(1)} bands`,
      ],
    });
  });
  const rows = Array.from({ length: Math.ceil(views.length / perRow) }, (_, row) => ({
    hconcat: views.slice(row * perRow, (row + 1) * perRow),
    spacing: 12,
  }));
  return composeFigure(
    { vconcat: rows, spacing: 10 },
    {
      ...input,
      defaultTitle: 'Spectrotemporal filters',
      remarks: [
        'Real parts, each on its own scale (red positive, blue negative). Positive rates move down in frequency. Octaves hold above 1 kHz.',
      ],
    },
  );
}
