import { deriveSeed } from 'research-basics/random/seeds';
import { drawWithReplacement, quantile, type Interval } from '../../evaluation';
import { cochleagram, EXCERPT_SECONDS, extractStm } from '../../features';
import { comparisonFigure } from '../../figures';
import {
  createModulationFilter,
  filterWhole,
  parseRegion,
  soundFromCochleagram,
  soundFromModulation,
} from '../../synthesis';
import { columnsOf, metricsOf, ranged, type StudyOutcome, type StudyRow } from './record';

/** How sounds are resynthesised. */
export interface AveragingSettings {
  /** Recordings, of all classes in turn. */
  readonly recordings: number;
  /** Excerpts that are averaged. */
  readonly excerpts: number;
  /** Of the synthesis. */
  readonly iterations: number;
  /** Resamples of intervals. */
  readonly resamples: number;
}

/** How near a resynthesised sound comes to the excerpt it is compared with. */
interface Likeness {
  /** Correlation of the levels of both cochleagrams. */
  readonly correlation: number;
  /** Mean absolute difference of the levels, dB. */
  readonly difference: number;
  /** Energy of the change in the modulation magnitudes over their energy, the mean left out. */
  readonly changed: number;
}

/** What a sound is made from, in the order in which less and less of the recording is left. */
export const SOURCES = [
  'cochleagram, noise phases',
  'cochleagram, up to 15 Hz and 7.1 cyc/oct',
  'modulation spectrum of one excerpt',
  'averaged modulation spectrum',
  'published features',
] as const;
export type Source = (typeof SOURCES)[number];

/** Hz: all sounds are brought to the rate of the analysis. */
export const SOUND_RATE = 16000;
const SAMPLES = EXCERPT_SECONDS * SOUND_RATE;
/** Place of the mean in a modulation spectrum: scale 0, rate 0. */
const MEAN = 60;
/** Any pause: all excerpts are used as they are. */
const ANY = { maxSilenceSeconds: EXCERPT_SECONDS };

/** What features in [0, 1] no longer tell of the averaged modulation spectrum. */
export interface FeatureScale {
  /** The largest magnitude. */
  readonly top: number;
  /** The largest magnitude over the smallest, dB. */
  readonly range: number;
}

const averaged = (sound: Float32Array, { excerpts }: AveragingSettings): ReturnType<typeof extractStm> =>
  extractStm(sound.subarray(0, excerpts * SAMPLES), SOUND_RATE, ANY);

/**
 * Scale of the averaged modulation spectrum of a recording.
 *
 * @param sound mono samples at `SOUND_RATE` (16 kHz), `excerpts` times 4 s or longer.
 * @throws UserError (`input`) when there is no modulation in it.
 */
export async function featureScale(sound: Float32Array, settings: AveragingSettings): Promise<FeatureScale> {
  const { modulation } = await averaged(sound, settings);
  const top = modulation.reduce((most, value) => Math.max(most, value), 0);
  const least = modulation.reduce((most, value) => Math.min(most, value), Infinity);
  return { top, range: 10 * Math.log10(top / least) };
}

/** What an excerpt is compared by. */
interface ExcerptAnalysis {
  /** Cochleagram, dB. */
  readonly levels: Float32Array;
  /** Magnitudes of its modulations. */
  readonly modulation: Float64Array;
}

/** Analyses the first 4 s of mono samples at `SOUND_RATE`; shorter sounds are continued with silence. */
async function analyseExcerpt(samples: Float32Array): Promise<ExcerptAnalysis> {
  const whole = new Float32Array(SAMPLES);
  whole.set(samples.subarray(0, SAMPLES));
  const { values } = await cochleagram(whole, SOUND_RATE);
  return { levels: values, modulation: (await extractStm(whole, SOUND_RATE, ANY)).modulation };
}

/** How like the original a resynthesised sound is. */
function likeness(before: ExcerptAnalysis, after: ExcerptAnalysis): Likeness {
  const mean = (values: Float32Array): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [a, b] = [mean(before.levels), mean(after.levels)];
  let [xy, xx, yy, difference] = [0, 0, 0, 0];
  before.levels.forEach((value, i) => {
    const [x, y] = [value - a, after.levels[i]! - b];
    xy += x * y;
    xx += x * x;
    yy += y * y;
    difference += Math.abs(value - after.levels[i]!) / before.levels.length;
  });
  let [error, energy] = [0, 0];
  before.modulation.forEach((value, i) => {
    if (i === MEAN) return;
    error += (after.modulation[i]! - value) ** 2;
    energy += value ** 2;
  });
  return { correlation: xy / Math.sqrt(xx * yy), difference, changed: error / energy };
}

/**
 * Makes the first excerpt of a recording again from less and less of it, analyses what came out and compares it with the
 * excerpt.
 *
 * @param sound mono samples at `SOUND_RATE` (16 kHz), `excerpts` times 4 s or longer.
 * @param scale stands in for what the features do not tell: that of other recordings, such as a median.
 * @throws UserError (`input`) when there is no modulation in it.
 */
export async function surviving(
  sound: Float32Array,
  settings: AveragingSettings,
  { top, range }: FeatureScale,
): Promise<Record<Source, Likeness>> {
  const { iterations } = settings;
  const excerpt = sound.slice(0, SAMPLES);
  const before = await analyseExcerpt(excerpt);
  const average = await averaged(sound, settings);
  const cropped = await createModulationFilter({
    ...{ region: parseRegion('keep', 'rate<=15, scale<=7.1'), iterations, carrier: 'noise' },
  });
  const fromFeatures = average.features.map((value) => top * 10 ** ((range * (value - 1)) / 10));
  const made = [
    await soundFromCochleagram(before.levels, { iterations }),
    filterWhole(cropped, excerpt, SOUND_RATE),
    await soundFromModulation(before.modulation, { iterations }),
    await soundFromModulation(average.modulation, { iterations }),
    await soundFromModulation(fromFeatures, { iterations }),
  ];
  const found: Likeness[] = [];
  for (const { samples } of made) found.push(likeness(before, await analyseExcerpt(samples)));
  return Object.fromEntries(SOURCES.map((source, i) => [source, found[i]!])) as Record<Source, Likeness>;
}

/** What survives averaging: medians over recordings with intervals from resampling them. */
export function whatSurvives(
  found: readonly Readonly<Record<Source, Likeness>>[],
  { excerpts, resamples }: AveragingSettings,
  note?: string,
): StudyOutcome {
  const draws = Array.from({ length: resamples }, (_, n) =>
    drawWithReplacement(found.length, deriveSeed(1, 'bootstrap', n)),
  );
  const median = (source: Source, of: keyof Likeness): Interval => {
    const values = found.map((own) => own[source][of]);
    const drawn = draws.map((places) =>
      quantile(
        Array.from(places, (place) => values[place]!),
        0.5,
      ),
    );
    return { value: quantile(values, 0.5), low: quantile(drawn, 0.025), high: quantile(drawn, 0.975) };
  };
  const measures = SOURCES.map((source) => ({
    source,
    correlation: median(source, 'correlation'),
    difference: median(source, 'difference'),
    changed: median(source, 'changed'),
  }));
  const rows = measures.map(({ source, correlation, difference, changed }): StudyRow => ({
    'made from': source,
    ...columnsOf('correlation of levels', correlation),
    ...columnsOf('difference of levels (dB)', difference),
    ...columnsOf('modulation energy changed', changed),
  }));
  const verdict = measures.map(({ source, correlation, difference, changed }) => {
    const words =
      correlation.low > 0.9
        ? 'the sound survives'
        : correlation.high < 0.5
          ? 'when and where things happen is lost'
          : 'part of the sound survives';
    const own =
      changed.high < 0.05
        ? 'its modulations stay'
        : changed.low > 0.05
          ? 'its modulations change'
          : 'its modulations are nearly preserved';
    return `Made from ${source === 'averaged modulation spectrum' ? `the modulation spectrum averaged over ${excerpts} excerpts` : source}: ${words} (correlation of levels ${ranged(correlation)}, difference ${ranged(difference)} dB), and ${own} (proportion of their energy that changed ${ranged(changed)}).`;
  });
  return {
    rows,
    verdict,
    metrics: metricsOf(
      measures.flatMap(({ source, correlation, changed }) => [
        [`correlation/${source}`, correlation] as const,
        [`changed/${source}`, changed] as const,
      ]),
    ),
    figure: comparisonFigure({
      title: 'What survives averaging',
      note,
      rows: measures.flatMap(({ source, correlation, changed }) => [
        { name: source, metric: 'correlation of levels', ...correlation },
        { name: source, metric: 'modulation energy changed', ...changed },
      ]),
    }),
  };
}
