import { inputError } from 'research-basics/errors';
import { loadEngine } from '../../engine';
import { labelMatrix } from '../../corpus';
import { loadTmnn, predictClips, segmentSteps, startTmnn } from '..';
import type { StageContext } from '../../stages/context';
import { clipsOf, scoresOf, type TmnnCell } from './cell';
import { inputOf, readyCollections, sourceFor } from './ready';
import type { TmnnStudyOptions } from './study';

/** A stored network scored again. */
export interface TmnnEvaluation extends Pick<TmnnCell, 'scores' | 'perOutput'> {
  readonly clips: number;
  /** Mean over clips and windows of the training loss. */
  readonly loss: number;
}

/**
 * Scores a network that a study kept (a cell's folder `model`) on the test clips of an experiment, which may be another
 * than it was trained in, with the same outputs.
 *
 * @param options `seed` names the division whose test part is used; one of the experiment's.
 * @throws UserError (`input`) when the folder holds no network, or the outputs differ.
 */
export async function evaluateTmnn(
  options: Omit<TmnnStudyOptions, 'out'> & {
    readonly model: string;
    readonly cache: string;
    readonly seed?: number;
  },
  context: StageContext = {},
): Promise<TmnnEvaluation> {
  const { experiment, model: folder, seed = experiment.seeds[0]! } = options;
  const model = loadTmnn(folder);
  if (model === undefined)
    throw inputError(`${folder}: holds no network; give the folder "model" of a finished training`);
  if (!experiment.seeds.includes(seed))
    throw inputError(`seed ${seed}: experiment ${experiment.name} has ${experiment.seeds.join(', ')}`);
  const at = experiment.seeds.indexOf(seed);
  const ready = await readyCollections({ ...options, out: folder, inputs: [inputOf(model.spec)] }, context);
  const { collection, sources } = ready[at]!;
  if (collection.outputs.join('\n') !== model.outputs.join('\n'))
    throw inputError(
      `${folder}: names ${model.outputs.join(', ')}, and ${options.root} has ${collection.outputs.join(', ')}`,
    );
  const engine = await loadEngine({ kernels: 'onednn', signal: context.signal });
  const network = startTmnn(engine, model);
  try {
    const test = clipsOf(collection, 'test');
    const labels = labelMatrix(
      test.map((clip) => collection.clips[clip]!),
      model.outputs.length,
    );
    const { probabilities, loss } = await predictClips(
      network,
      model.task,
      sourceFor(sources, model.spec),
      test,
      labels,
      {
        window: segmentSteps(model.segmentSeconds, model.spec),
        windows: experiment.testWindows ?? 16,
        signal: context.signal,
      },
    );
    return { clips: test.length, loss, ...scoresOf(collection, labels, probabilities) };
  } finally {
    network.dispose();
  }
}
