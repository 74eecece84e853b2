import { inputError } from 'research-basics/errors';
import type { Engine } from '../../engine';
import {
  cochleagram,
  createEmbeddingKernel,
  createMelKernel,
  EXCERPT_SECONDS,
  modulationToFeatures,
  powerToDecibels,
  shortModulation,
  SILENCE_RULE,
} from '../../features';
import { plotFigure } from '../../figures';
import { findEmbeddingModel } from '../embeddingModel';
import { SOUND_RATE } from './averaging';
import type { StudySystem } from './system';
import { differenceOf, fitLinear, scoreOf, type Division, type StudyDesign } from './divisions';
import { columnsOf, intervalOf, metricsOf, ranged, type StudyOutcome, type StudyRow } from './record';

/** What is heard of each recording. */
export interface DurationSettings extends StudyDesign {
  /** Lengths of the windows in seconds, ascending, at most 4. */
  readonly windows: readonly number[];
  /** The window is searched for in so many seconds from the beginning. */
  readonly searched: number;
}

/** Computes a feature of a window. */
export type WindowFeature = (window: Float32Array) => Promise<Float32Array>;

/**
 * The feature of a system for windows of any length up to 4 s: mono samples at `SOUND_RATE` in, float32 out, as many values
 * for all windows of one length. STM is redefined by the length alone (see `shortModulation`); mel frames and embeddings are
 * those of the window.
 *
 * @throws UserError from the feature (`input`) for a window without modulation.
 */
export async function windowFeature({ features }: StudySystem): Promise<WindowFeature> {
  if (features.kind === 'mel') {
    const mel = await createMelKernel();
    return (window) => Promise.resolve(powerToDecibels(mel.compute(window)));
  }
  if (features.kind === 'embedding') {
    const kernel = await createEmbeddingKernel(findEmbeddingModel(features.model ?? ''));
    const { sampleRate, name } = kernel.description;
    if (sampleRate !== SOUND_RATE)
      throw inputError(
        `study duration: embedding ${name} takes ${sampleRate} Hz; windows are cut at ${SOUND_RATE} Hz`,
      );
    return (window) => kernel.compute(window);
  }
  return shortStm;
}

/** STM features of a window, scaled to the published level over its own length. */
async function shortStm(window: Float32Array): Promise<Float32Array> {
  const whole = new Float32Array(EXCERPT_SECONDS * SOUND_RATE);
  whole.set(window);
  const targetRms = SILENCE_RULE.targetRms * Math.sqrt(window.length / whole.length);
  const { values, channelHz, seconds } = await cochleagram(whole, SOUND_RATE, { targetRms });
  const [all, channels] = [seconds.length, channelHz.length];
  const frames = Math.round((all * window.length) / whole.length);
  const part = new Float32Array(channels * frames);
  for (let c = 0; c < channels; c++) part.set(values.subarray(c * all, c * all + frames), c * frames);
  const { values: modulation } = shortModulation(part, channels);
  if (modulation.some((value) => !(value > 0))) throw inputError('holds no modulation to measure');
  return modulationToFeatures(modulation);
}

/**
 * The loudest windows of a sound, each within the next longer one.
 *
 * @param sound mono samples; shorter than a window, it is followed by silence.
 * @param lengths numbers of samples, ascending.
 * @returns one window per length.
 */
export function loudestWindows(sound: Float32Array, lengths: readonly number[]): Float32Array[] {
  const energy = new Float64Array(sound.length + 1);
  sound.forEach((value, n) => (energy[n + 1] = energy[n]! + value * value));
  let [first, end] = [0, sound.length];
  const windows: Float32Array[] = [];
  for (const length of [...lengths].reverse()) {
    let [best, most] = [first, -1];
    for (let start = first; start + length <= end; start++) {
      const own = energy[start + length]! - energy[start]!;
      if (own > most) [best, most] = [start, own];
    }
    const window = new Float32Array(length);
    window.set(sound.subarray(best, Math.min(best + length, end)));
    windows.unshift(window);
    [first, end] = [best, Math.min(best + length, end)];
  }
  return windows;
}

/** What the study of duration takes. */
export interface DurationInput {
  readonly engine: Engine;
  /** The first is the reference. */
  readonly systems: readonly StudySystem[];
  /** System x window: float32, recordings x columns. */
  readonly features: readonly (readonly Float32Array[])[];
  readonly settings: DurationSettings;
  readonly recordings: number;
  readonly divisions: readonly Division[];
  readonly note?: string | undefined;
}

/** How short may a sound be? Macro-F1 of each feature from a single window of each length. */
export async function shortSounds(input: DurationInput): Promise<StudyOutcome> {
  const { systems, settings, features, divisions, engine, recordings, note } = input;
  const { windows, resamples, components } = settings;
  const rows: StudyRow[] = [];
  const verdict: string[] = [];
  for (const division of divisions) {
    const predictions: Float32Array[][][] = [];
    for (const [s, { C }] of systems.entries()) {
      const own: Float32Array[][] = [];
      for (const [w, matrix] of features[s]!.entries()) {
        const one = { features: matrix, columns: matrix.length / recordings, C };
        own.push(
          await division.predict(`window-${w}-of-system-${s}`, (fold) =>
            fitLinear(engine, one, components, fold),
          ),
        );
      }
      predictions.push(own);
    }
    systems.forEach(({ name }, s) => {
      const scores = predictions[s]!.map((repeats) => scoreOf(division, repeats, resamples));
      const last = windows.length - 1;
      const differences = windows.map((_, w) =>
        s === 0
          ? undefined
          : differenceOf(division, predictions[s]![w]!, predictions[0]![w]!, resamples).difference,
      );
      windows.forEach((window, w) =>
        rows.push({
          ...{ division: division.name, features: name, 'window (s)': window },
          ...columnsOf('macro-F1', scores[w]!),
          ...(differences[w] === undefined ? {} : columnsOf('difference', differences[w])),
        }),
      );
      const losses = windows.map(
        (_, w) => differenceOf(division, predictions[s]![w]!, predictions[s]![last]!, resamples).difference,
      );
      const enough = windows.find((_, w) => losses.slice(w).every(({ high }) => high >= 0))!;
      const beside =
        differences[0] === undefined
          ? ''
          : `; its difference from ${systems[0]!.name} there is ${ranged(differences[0])}`;
      verdict.push(
        `${division.name}, ${name}: macro-F1 ${ranged(scores[last]!)} from ${windows[last]} s and ${ranged(scores[0]!)} from ${windows[0]} s (a change of ${ranged(losses[0]!)})${beside}; the shortest window that loses nothing beyond chance is ${enough} s.`,
      );
    });
  }
  const steps = windows.map((window) => `${window} s ${(1 / window).toFixed(2)} Hz`).join(', ');
  return {
    rows,
    verdict: [...verdict, `Steps of STM's rates by window: ${steps}; slower modulations are not resolved.`],
    metrics: metricsOf(
      rows.map((row) => [
        `${String(row['division'])} macro-F1/${String(row['features'])}, ${String(row['window (s)'])} s`,
        intervalOf(row, 'macro-F1'),
      ]),
    ),
    figure: plotFigure(
      rows.map((row) => ({ ...row, curve: `${String(row['features'])}, ${String(row['division'])}` })),
      {
        ...{ x: 'window (s)', y: 'macro-F1', low: 'macro-F1 low', high: 'macro-F1 high' },
        ...{ colour: 'curve', xScale: 'log', title: 'How short may a sound be?', note },
      },
    ),
  };
}
