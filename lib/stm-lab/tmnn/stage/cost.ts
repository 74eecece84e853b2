import { createPace } from 'research-basics/pace';
import { loadEngine } from '../../engine';
import { fastDoubles } from '../../training/random';
import { createTrainer, inputWidth, resolveFit, resolveTmnn, segmentSteps, stageOptimiser } from '..';
import { systemSpec, type TmnnExperiment, type TmnnSystem } from './experiment';

/** What an experiment's training costs on this machine. */
export interface TmnnCost {
  readonly engine: string;
  readonly system: string;
  readonly parameters: number;
  /** Seconds of each measured step; the first includes the start of the engine. */
  readonly stepSeconds: readonly number[];
  /** Loss of each step: they are real steps, on noise. */
  readonly losses: readonly number[];
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  /** One training (one system, one seed), without validation. */
  readonly hours: number;
}

/** Training clips of the published collections after filtering, for projections without the recordings. */
const PUBLISHED_TRAINING_CLIPS: Partial<Record<TmnnExperiment['data']['kind'], number>> = {
  magnatagatune: 15250,
  'speech-commands': 84843,
};
const PUBLISHED_OUTPUTS: Partial<Record<TmnnExperiment['data']['kind'], number>> = {
  magnatagatune: 50,
  'speech-commands': 35,
};

/**
 * Trains a few steps of an experiment at its full shapes, on noise, and projects the whole training from the fastest.
 *
 * @param clips training clips; default those of the published collection, else 1000.
 */
export async function tmnnCost(
  experiment: TmnnExperiment,
  system: TmnnSystem,
  {
    steps = 3,
    clips,
    signal,
  }: {
    readonly steps?: number;
    readonly clips?: number;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<TmnnCost> {
  const engine = await loadEngine({ kernels: 'onednn', signal });
  const { kind } = experiment.data;
  const outputs = PUBLISHED_OUTPUTS[kind] ?? 10;
  const spec = resolveTmnn(systemSpec(experiment, system, outputs));
  const fit = resolveFit(experiment.fit);
  const window = segmentSteps(experiment.segmentSeconds, spec);
  const first = fit.stages[0]!;
  const trainer = createTrainer(engine, spec, 'tags', stageOptimiser(first, fit.decay), { seed: fit.seed });
  try {
    const next = fastDoubles(fit.seed, 'noise');
    const fill = (count: number, value: () => number): Float32Array =>
      Float32Array.from({ length: count }, value);
    const batch = {
      rows: fit.batchSize,
      frames: window,
      power: fill(fit.batchSize * window * inputWidth(spec), () => next() ** 2),
      labels: fill(fit.batchSize * outputs, () => Number(next() < 0.066)),
    };
    const stepSeconds: number[] = [];
    const losses: number[] = [];
    const pace = createPace(signal, 'tmnn cost');
    for (let step = 1; step <= steps; step++) {
      await pace();
      const begin = performance.now();
      losses.push(trainer.step(batch, first.learningRate, step));
      stepSeconds.push((performance.now() - begin) / 1000);
    }
    const stepsPerEpoch = Math.floor((clips ?? PUBLISHED_TRAINING_CLIPS[kind] ?? 1000) / fit.batchSize);
    const epochs = fit.stages.reduce((sum, stage) => sum + stage.epochs, 0);
    return {
      engine: engine.description,
      system: system.name,
      parameters: trainer.network.layout.size,
      stepSeconds,
      losses,
      stepsPerEpoch,
      epochs,
      hours: (Math.min(...stepSeconds) * stepsPerEpoch * epochs) / 3600,
    };
  } finally {
    trainer.dispose();
  }
}
