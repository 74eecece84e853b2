import { designResampler, resample } from '../audio';
import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { cochleagram, EXCERPT_SECONDS, type Cochleagram } from '../features';
import { argMax } from '../evaluation';
import { fitDiscriminant, linearLogProbabilities } from '../models';
import { filterModulations, parseRegion, regionLabel } from '../synthesis';

/** A short sound that a listener would name. */
export interface NamedClip {
  readonly samples: Float32Array;
  /** Hz. */
  readonly sampleRate: number;
  /** What is said, e.g. "seven". */
  readonly label: string;
}

/** A study of how much a region of the modulation plane carries. */
export interface CutoffStudy {
  /** Clips that the classifier is fitted to, unfiltered. */
  readonly train: readonly NamedClip[];
  /** Clips that are filtered and named. */
  readonly test: readonly NamedClip[];
  /** Regions that are kept, e.g. `rate<=4`; see `parseRegion`. */
  readonly regions: readonly string[];
  /** Of the filter. Default 20. */
  readonly iterations?: number | undefined;
  /** Called after each region. */
  readonly onRegion?: ((row: CutoffRow) => void) | undefined;
}

/** How many clips are still classified correctly. */
export interface CutoffRow {
  /** `unfiltered`, or what was kept. */
  readonly kept: string;
  readonly accuracy: number;
}

const RATE = 16000;
/** A clip takes a slot of 1 s, longer ones are cut: four make an excerpt. */
const SLOT = RATE;
/** Noise below every clip, so that no slot is digitally silent, of a clip's peak. */
const NOISE = 0.003;
/** A slot's cochleagram is averaged to this many bands and moments. */
const [BANDS, MOMENTS] = [25, 25];

/**
 * Filters the modulations of short clips region by region and counts how many a classifier still names rightly that was
 * fitted to other clips as they are (a linear discriminant of the cochleagram, 25 bands by 25 moments of 40 ms). Clips are
 * filtered as they would be heard: four to 4 s of sound, over a faint noise.
 *
 * @returns one row for the unfiltered clips and one for each region, in order
 * @throws UserError (`input`) when there are no clips, or a test clip has a label without a training clip.
 *
 * Source: the method of Elliott & Theunissen (2009), with a classifier in place of listeners.
 */
export async function cutoffStudy(study: CutoffStudy): Promise<CutoffRow[]> {
  const { train, test, regions, iterations = 20, onRegion } = study;
  const labels = [...new Set(train.map(({ label }) => label))].sort();
  const stranger = test.find(({ label }) => !labels.includes(label));
  if (train.length === 0 || test.length === 0)
    throw inputError('cutoff study: needs clips to train on and to test');
  if (stranger !== undefined)
    throw inputError(`cutoff study: no training clip is labelled "${stranger.label}"`);
  const fitted = await vectorsOf(soundOf(train), train.length);
  const columns = BANDS * MOMENTS;
  const y = Int32Array.from(train, ({ label }) => labels.indexOf(label));
  const model = fitDiscriminant({ x: fitted, y, rows: train.length, columns }, labels.length, {
    shrinkage: 0.2,
  });
  const sound = soundOf(test);
  const rows: CutoffRow[] = [];
  const score = async (kept: string, filtered: Float32Array): Promise<void> => {
    const logs = linearLogProbabilities(model, await vectorsOf(filtered, test.length), test.length);
    const right = test.filter(
      ({ label }, i) => argMax(logs, i * labels.length, labels.length) === labels.indexOf(label),
    );
    const row = { kept, accuracy: right.length / test.length };
    rows.push(row);
    onRegion?.(row);
  };
  await score('unfiltered', sound);
  for (const text of regions) {
    const region = parseRegion('keep', text);
    const { samples } = await filterModulations(sound, RATE, { region, iterations });
    await score(regionLabel(region), samples);
  }
  return rows;
}

/** All clips at 16 kHz and one peak, a slot each, over a faint noise. */
function soundOf(clips: readonly NamedClip[]): Float32Array {
  const slots = 4 * Math.ceil(clips.length / 4);
  const sound = new Float32Array(slots * SLOT);
  const random = randomState(1);
  for (let i = 0; i < sound.length; i++) sound[i] = NOISE * random.normal();
  clips.forEach(({ samples, sampleRate }, slot) => {
    const own = resample(samples, designResampler(sampleRate, RATE)).subarray(0, SLOT);
    const peak = own.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
    const start = slot * SLOT + Math.floor((SLOT - own.length) / 2);
    own.forEach((value, i) => (sound[start + i]! += value / peak));
  });
  return sound;
}

/** Cochleagram of each slot, averaged to bands and moments, less its mean. */
async function vectorsOf(sound: Float32Array, clips: number): Promise<Float32Array> {
  const columns = BANDS * MOMENTS;
  const vectors = new Float32Array(clips * columns);
  let current: Cochleagram | undefined;
  for (let slot = 0; slot < clips; slot++) {
    const excerpt = Math.floor(slot / EXCERPT_SECONDS) * EXCERPT_SECONDS;
    // Computed once per excerpt.
    if (slot % EXCERPT_SECONDS === 0) current = await cochleagram(sound, RATE, { startSeconds: excerpt });
    const { values, channelHz, seconds } = current!;
    const frames = seconds.length / EXCERPT_SECONDS;
    const [wide, long] = [channelHz.length / BANDS, frames / MOMENTS];
    const own = vectors.subarray(slot * columns, (slot + 1) * columns);
    channelHz.forEach((_, c) => {
      for (let n = 0; n < frames; n++)
        own[Math.floor(c / wide) * MOMENTS + Math.floor(n / long)]! +=
          values[c * seconds.length + (slot - excerpt) * frames + n]! / (wide * long);
    });
    const mean = own.reduce((sum, value) => sum + value, 0) / columns;
    for (let i = 0; i < columns; i++) own[i]! -= mean;
  }
  return vectors;
}
