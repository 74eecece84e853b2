import type { Engine } from '../engine';
import { mostProbable } from '../evaluation';
import { createPowerSpectrogram, PUBLISHED_ANALYSIS } from '../features/spectrogram';
import { fastDoubles, fastNormals } from '../training/random';
import { memorySource } from './data/spectrogramCache';
import { filterResponse } from './filterState';
import { fitTmnn, type TmnnFitResult } from './fit';
import { predictClips } from './predict';
import { resolveTmnn, type TmnnSpec } from './spec';
import { createTrainer } from './trainer';

/** The rate that one class is modulated at, Hz, and the rates of the other class. */
export const PLANTED_HZ = 8;
export const OTHER_HZ = [3, 16] as const;
/** Where the filter begins: all three rates pass it. */
export const FIRST_BAND = { lowHz: 1.5, highHz: 22 } as const;

const SECONDS = 2;

/**
 * Tones that differ in the rate of their amplitude modulation alone: three harmonics of a random fundamental, random
 * phases and depth (0.1 to 0.4), a little noise. Class 1 at 8 Hz, class 0 at 3 or 16 Hz, each +-5 %.
 *
 * Every frame taken by itself looks the same in both classes, so a network that sees single frames, and their mean
 * over time, cannot tell them apart; and because the other class lies on both sides, no low-pass or high-pass will do.
 */
export async function plantedRateClips(
  seed: number,
  count: number,
): Promise<{ spectrograms: Float32Array[]; labels: Float32Array }> {
  const kernel = await createPowerSpectrogram(PUBLISHED_ANALYSIS);
  const uniform = fastDoubles(seed, 'tone');
  const noise = fastNormals(seed, 'noise');
  const labels = new Float32Array(count * 2);
  const spectrograms = Array.from({ length: count }, (_, clip) => {
    const planted = clip % 2;
    labels[clip * 2 + planted] = 1;
    const rate = (planted === 1 ? PLANTED_HZ : OTHER_HZ[uniform() < 0.5 ? 0 : 1]) * (0.95 + 0.1 * uniform());
    const depth = 0.1 + 0.3 * uniform();
    const f0 = 300 * (1 + uniform());
    const phases = Array.from({ length: 4 }, () => 2 * Math.PI * uniform());
    const samples = Float32Array.from({ length: SECONDS * 16000 }, (_v, i) => {
      const t = i / 16000;
      const carrier = [1, 2, 3].reduce(
        (sum, h) => sum + Math.sin(2 * Math.PI * h * f0 * t + phases[h]!) / h,
        0,
      );
      return 0.1 * (1 + depth * Math.sin(2 * Math.PI * rate * t + phases[0]!)) * carrier + 1e-3 * noise();
    });
    return kernel.compute(samples);
  });
  return { spectrograms, labels };
}

/** The network without context in time, with or without a filter; the one without has the larger back end. */
export function plantedRateNetwork(filters: 0 | 1): TmnnSpec {
  return resolveTmnn({
    frontEnd: { kind: 'mel', bands: 40 },
    modulation: filters === 0 ? { filters } : { filters, bands: [FIRST_BAND] },
    backEnd: { kind: 'frames', width: filters === 0 ? 6 : 4 },
    outputs: 2,
    dropout: 0,
    rates: { modulation: 100 },
  });
}

/** What a network learned of the planted rate. */
export interface PlantedRateOutcome {
  /** Share of 128 fresh clips. */
  readonly accuracy: number;
  readonly parameters: number;
  /** Where the learned filter's gain is at least half its largest, Hz. */
  readonly passLowHz: number;
  readonly passHighHz: number;
  readonly fit: TmnnFitResult;
  readonly spec: TmnnSpec;
}

/** Learns to tell the rates apart, with a modulation filter or without, and scores the network on fresh clips. */
export async function learnPlantedRate(
  engine: Engine,
  filters: 0 | 1,
  seed: number,
  epochs: readonly [number, number] = [8, 2],
): Promise<PlantedRateOutcome> {
  const { spectrograms, labels } = await plantedRateClips(1000 + seed, 256 + 64 + 128);
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
  const source = memorySource(spectrograms, 257);
  const spec = plantedRateNetwork(filters);
  const window = source.frames(0);
  const fit = await fitTmnn(engine, {
    spec,
    task: 'classes',
    data: { source, labels, train: range(0, 256), validation: range(256, 320), window },
    fit: {
      stages: [
        { rule: 'adam', learningRate: 5e-3, epochs: epochs[0] },
        { rule: 'adam', learningRate: 5e-4, epochs: epochs[1] },
      ],
      seed,
    },
  });
  const network = createTrainer(engine, spec, 'classes', { rule: { kind: 'sgd' } }, fit.best);
  const test = range(320, 448);
  const { probabilities } = await predictClips(network, 'classes', source, test, labels.slice(640), {
    window,
  });
  const correct = mostProbable(probabilities, 2).filter((c, i) => labels[test[i]! * 2 + c] === 1).length;
  const kernel = fit.history[fit.bestEpoch - 1]!.filters.kernels[0];
  const pass = kernel === undefined ? undefined : filterResponse(kernel, spec);
  const parameters = network.network.layout.size;
  network.dispose();
  return {
    accuracy: correct / test.length,
    parameters,
    passLowHz: pass?.passLowHz ?? NaN,
    passHighHz: pass?.passHighHz ?? NaN,
    fit,
    spec,
  };
}
