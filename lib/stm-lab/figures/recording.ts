import { inputError } from 'research-basics/errors';
import type { ColourScale } from './colour';
import { colourBar, rasterView, type Raster } from './raster';
import type { ModulationAxes } from '../features';
import { stmRaster, valueRange } from './stm';
import { CLASS_COLOURS, panelTitle } from './theme';
import { compact, composeFigure, type FigurePart, type FigureSpec, type FigureText } from './spec';

/** Input of `recordingFigure`: one excerpt of one recording on its way to features. */
export interface RecordingInput extends FigureText {
  /** Samples of the excerpt, any scale. */
  readonly waveform: ArrayLike<number>;
  readonly sampleRateHz: number;
  /** Log envelopes in dB, row-major, one row per channel (lowest first), e.g. 150 x 500. */
  readonly spectrogramDb: ArrayLike<number>;
  /** Centre frequency of each channel, Hz, ascending in even steps of log frequency. */
  readonly centreHz: readonly number[];
  /** Frames a second of the spectrogram, e.g. 125. */
  readonly frameRateHz: number;
  /**
   * The modulation spectrum of the excerpt: magnitude, row-major, one row per scale; shown in dB. Where it
   * reaches beyond the features, the part that is kept is framed.
   */
  readonly modulation: { readonly magnitude: ArrayLike<number>; readonly axes: ModulationAxes };
  /** The features of the recording, row-major, e.g. 20 x 121. */
  readonly features: ArrayLike<number>;
  readonly axes: ModulationAxes;
}

const WIDTH = 226;
const HEIGHT = 140;
const COLUMNS = 452;

/** Smallest and largest sample in each of some hundred pieces: what a waveform shows at this width. */
function waveformView(input: RecordingInput, seconds: number): FigurePart {
  const { waveform, sampleRateHz } = input;
  const count = Math.min(COLUMNS, waveform.length);
  const peak = Math.max(...valueRange([waveform]).map(Math.abs)) || 1;
  const values = Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * waveform.length) / count);
    const to = Math.max(from + 1, Math.floor(((i + 1) * waveform.length) / count));
    let low = Infinity;
    let high = -Infinity;
    for (let j = from; j < to; j++) {
      low = Math.min(low, waveform[j]);
      high = Math.max(high, waveform[j]);
    }
    return { t: compact(from / sampleRateHz, 5), low: compact(low / peak, 3), high: compact(high / peak, 3) };
  });
  return {
    width: WIDTH,
    height: HEIGHT,
    title: panelTitle('1. Waveform'),
    view: { stroke: '#888888' },
    data: { values },
    mark: { type: 'area', color: CLASS_COLOURS[0], strokeWidth: 0.5, stroke: CLASS_COLOURS[0] },
    encoding: {
      x: {
        field: 't',
        type: 'quantitative',
        scale: { domain: [0, seconds], nice: false },
        axis: { title: 'Time (s)', grid: false, tickCount: 5 },
      },
      y: {
        field: 'low',
        type: 'quantitative',
        scale: { domain: [-1, 1] },
        axis: { title: 'Amplitude (peak = 1)', grid: false, values: [-1, -0.5, 0, 0.5, 1] },
      },
      y2: { field: 'high' },
    },
  };
}

function cochleagramRaster(input: RecordingInput, seconds: number, colour: ColourScale): Raster {
  const { centreHz, spectrogramDb } = input;
  const rows = centreHz.length;
  const halfStep = Math.sqrt(centreHz[rows - 1] / centreHz[0]) ** (1 / (rows - 1));
  return {
    values: spectrogramDb,
    rows,
    columns: spectrogramDb.length / rows,
    x: { edges: [0, seconds], title: 'Time (s)', axis: { tickCount: 5 } },
    y: {
      edges: [centreHz[0] / halfStep, centreHz[rows - 1] * halfStep],
      scale: 'log',
      title: 'Centre frequency (Hz)',
      ticks: [200, 500, 1000, 2000, 5000],
      axis: { format: 'd' },
    },
    colour,
    width: WIDTH,
    height: HEIGHT,
    title: '2. Cochleagram',
  };
}

/** The frame of the features inside a larger modulation spectrum. */
function cropFrame(axes: ModulationAxes, spectrum: ModulationAxes): FigurePart[] {
  const last = (values: readonly number[]): number => values[values.length - 1];
  if (
    last(spectrum.rateHz) <= last(axes.rateHz) &&
    last(spectrum.scaleCycPerOct) <= last(axes.scaleCycPerOct)
  ) {
    return [];
  }
  const frame = {
    data: { values: [{}] },
    mark: { type: 'rect', fillOpacity: 0, stroke: 'white', strokeWidth: 1.4, strokeDash: [4, 2] },
    encoding: {
      x: { datum: axes.rateHz[0], type: 'quantitative' },
      x2: { datum: last(axes.rateHz) },
      y: { datum: axes.scaleCycPerOct[0], type: 'quantitative' },
      y2: { datum: last(axes.scaleCycPerOct) },
    },
  };
  return [frame];
}

/**
 * One excerpt from sound to features in four steps: waveform, cochleagram (dB), modulation spectrum
 * (dB), and the features of the recording (0 .. 1).
 *
 * @throws UserError (`input`) when a matrix does not match its axes or the excerpt is empty.
 */
export function recordingFigure(input: RecordingInput): FigureSpec {
  const { centreHz, spectrogramDb, modulation } = input;
  if (input.waveform.length === 0 || !(input.sampleRateHz > 0)) {
    throw inputError(
      `recording figure: ${input.waveform.length} samples at ${input.sampleRateHz} Hz; give at least one`,
    );
  }
  if (centreHz.length < 2 || spectrogramDb.length % centreHz.length !== 0) {
    throw inputError(
      `recording figure: ${spectrogramDb.length} spectrogram values are not rows for ${centreHz.length} channels`,
    );
  }
  const seconds = spectrogramDb.length / centreHz.length / input.frameRateHz;
  const spectrumDb = Float64Array.from({ length: modulation.magnitude.length }, (_, i) =>
    modulation.magnitude[i] > 0 ? 20 * Math.log10(modulation.magnitude[i]) : NaN,
  );
  const cochleagram: ColourScale = { palette: 'sequential', domain: valueRange([spectrogramDb]) };
  const spectrum: ColourScale = { palette: 'sequential', domain: valueRange([spectrumDb]) };
  const features: ColourScale = { palette: 'sequential', domain: [0, 1] };
  const size = { width: WIDTH, height: HEIGHT };
  const withBar = (view: FigurePart, colour: ColourScale, title: string): FigurePart => ({
    hconcat: [view, colourBar(colour, title, HEIGHT)],
    spacing: 10,
  });
  const spectrumRaster = stmRaster(spectrumDb, modulation.axes, {
    ...size,
    colour: spectrum,
    title: '3. Modulation spectrum',
  });
  const featureRaster = stmRaster(input.features, input.axes, {
    ...size,
    colour: features,
    title: '4. Features',
  });
  return composeFigure(
    {
      // two columns rather than two rows: the plots then stand exactly above each other
      hconcat: [
        {
          vconcat: [
            waveformView(input, seconds),
            withBar(
              rasterView(spectrumRaster, cropFrame(input.axes, modulation.axes)),
              spectrum,
              'Magnitude (dB)',
            ),
          ],
          spacing: 18,
        },
        {
          vconcat: [
            withBar(rasterView(cochleagramRaster(input, seconds, cochleagram)), cochleagram, 'Level (dB)'),
            withBar(rasterView(featureRaster), features, 'Feature (0–1)'),
          ],
          spacing: 18,
        },
      ],
      spacing: 18,
    },
    { ...input, defaultTitle: 'From sound to spectrotemporal modulation' },
  );
}
