import type { Tensor, Tensor1D } from '@tensorflow/tfjs';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { createPace } from 'research-basics/pace';
import type { Engine } from '../engine';
import { type Checkpoint, type Progress, readCheckpoint, writeCheckpoint } from './checkpoint';
import type { NetworkValues } from './learner';
import { scheduledRate } from './schedule';
import type { Divergence, TrainingResult, TrainingTask } from './task';

/**
 * The one training loop. Per group of micro-batches: gradient, accumulation, update; per epoch: record with validation,
 * best epoch, `onEpoch`, checkpoint. A new stage goes back to the best values and keeps moments or momentum under the
 * same rule. Everything that is drawn must come from seeds and the numbers in `BatchGroup`: then a training that was
 * killed and resumed ends bit for bit as one that was not.
 *
 * @throws UserError: `interrupted` on `signal`, after what was done of the epoch was saved; `input` when the checkpoint
 *   is another training's or damaged. A training that diverges does not throw, see `TrainingResult`.
 */
export async function runTraining<Epoch>(
  { tf }: Engine,
  task: TrainingTask<Epoch>,
): Promise<TrainingResult<Epoch>> {
  const { learner, stages, batchesPerEpoch, accumulation = 1, together = 1, best: choice, checkpoint } = task;
  const memory = task.memory ?? {};
  const starts = stages.map((_, i) => stages.slice(0, i).reduce((sum, { epochs }) => sum + epochs, 0));
  const epochs = starts.at(-1)! + stages.at(-1)!.epochs;
  const total = task.batches ?? epochs * batchesPerEpoch;
  const updatesAfter = (batches: number): number => Math.floor(batches / accumulation);
  const stageOf = (epoch: number): number => starts.filter((start) => epoch > start).length - 1;

  let { batches, sums, history, bestEpoch, bestValue, stopped, best, pending } = restore();
  const resumed = history.length;
  let last = learner.read();
  let divergence: Divergence | undefined;

  function restore(): Omit<Progress<Epoch>, 'memory'> & {
    best: NetworkValues | undefined;
    pending: Tensor | undefined;
  } {
    const found = checkpoint && readCheckpoint<Epoch>(checkpoint, { batchesPerEpoch, accumulation });
    if (found === undefined)
      return { batches: 0, sums: {}, history: [], bestEpoch: 0, bestValue: null, stopped: null, best: undefined, pending: undefined }; // prettier-ignore
    const { progress, optimiser, buffers } = found;
    // At the end of an epoch the state is still that of its stage.
    const stage = stageOf(Math.max(1, Math.ceil(progress.batches / batchesPerEpoch)));
    if (stage > 0) learner.changeRule(stages[stage]!.optimiser);
    learner.optimiser.write(optimiser);
    learner.buffers.write(buffers);
    Object.assign(memory, progress.memory);
    task.onUpdate?.();
    return {
      ...progress,
      best: found.best,
      pending: found.pending && tf.tensor1d(found.pending, 'float32'),
      // Earlier versions did not write it.
      bestValue:
        progress.bestValue ??
        (choice && progress.bestEpoch > 0 ? choice.value(progress.history[progress.bestEpoch - 1]!) : null),
    };
  }

  const state = (): Checkpoint<Epoch> => ({
    optimiser: learner.optimiser.read(),
    buffers: learner.buffers.read(),
    pending: pending && Float32Array.from(pending.dataSync()),
    best,
    progress: { batches, sums, history, bestEpoch, bestValue, stopped, memory },
  });

  const enterStage = (stage: number): void => {
    const [before, next] = [stages[stage - 1]!, stages[stage]!];
    const { updates, slots } = learner.optimiser.read();
    const from = best ?? learner.read();
    const sameRule = before.optimiser.rule.kind === next.optimiser.rule.kind;
    learner.changeRule(next.optimiser);
    const fresh = learner.optimiser.read();
    learner.optimiser.write({ ...(sameRule ? { updates, slots } : fresh), values: from.parameters });
    learner.buffers.write(from.buffers);
    task.onUpdate?.();
  };

  const rateOf = (stage: number, update: number): number => {
    const { schedule, epochs: length } = stages[stage]!;
    const before = updatesAfter(starts[stage]! * batchesPerEpoch);
    const end = updatesAfter(Math.min(total, (starts[stage]! + length) * batchesPerEpoch));
    return scheduledRate(schedule, Math.max(update - before, 1), end - before);
  };

  const accumulate = (gradient: Tensor): void => {
    const sum = pending === undefined ? gradient : tf.add(pending, gradient);
    if (pending !== undefined) [pending, gradient].forEach((tensor) => tensor.dispose());
    pending = sum;
  };

  const update = (stage: number): void => {
    learner.optimiser.update(pending as Tensor1D, rateOf(stage, updatesAfter(batches)));
    pending!.dispose();
    pending = undefined;
    task.onUpdate?.();
  };

  const improves = (epoch: Epoch): boolean => {
    if (choice === undefined) return true;
    const value = choice.value(epoch);
    if (!Number.isFinite(value)) return false;
    const gain = (choice.direction === 'maximise' ? 1 : -1) * (value - (bestValue ?? 0));
    if (bestValue !== null && !(gain > (choice.minimumChange ?? 0))) return false;
    bestValue = value;
    return true;
  };

  /** Trains one epoch, or what is left of it; false when its loss is not a number. */
  const trainEpoch = async (epoch: number, stage: number): Promise<boolean> => {
    const from = (epoch - 1) * batchesPerEpoch;
    const end = Math.min(from + batchesPerEpoch, total);
    const pace = createPace(task.signal, 'training');
    while (batches < end) {
      const isUnderWay = batches > from;
      if (checkpoint && task.signal?.aborted && isUnderWay && firstNotFinite(learner.read().parameters) < 0)
        writeCheckpoint(checkpoint, state());
      await pace();
      const count = Math.min(together, accumulation - (batches % accumulation), end - batches);
      const group = { epoch, inEpoch: batches - from, inTraining: batches, count };
      const { sums: more, gradient } = await task.groupGradient(group);
      sums = Object.fromEntries(
        Object.entries(more).map(([name, value]) => [name, (sums[name] ?? 0) + value]),
      );
      accumulate(gradient);
      batches += count;
      if (batches % accumulation === 0) update(stage);
      if (!Number.isFinite(sums['loss'])) return false;
      task.onBatch?.(batches - from, end - from);
    }
    return true;
  };

  const diverged = (what: string, epoch: number, learningRate: number): void => {
    divergence = { what, epoch, learningRate, updates: updatesAfter(batches) };
  };

  try {
    while (stopped === null && divergence === undefined) {
      const epoch = history.length + 1;
      const stage = stageOf(epoch);
      if (stage > 0 && batches === starts[stage]! * batchesPerEpoch) enterStage(stage);
      const isNumber = await trainEpoch(epoch, stage);
      const updates = updatesAfter(batches);
      const learningRate = rateOf(stage, updates);
      const values = learner.read();
      if (!isNumber || firstNotFinite(values.parameters) >= 0) {
        diverged(isNumber ? 'weights' : 'loss', epoch, learningRate);
        break;
      }
      const record = await task.epochRecord({ epoch, stage, sums, learningRate, batches, updates });
      if (typeof record === 'string') {
        diverged(record, epoch, learningRate);
        break;
      }
      last = values;
      sums = {};
      history = [...history, record];
      if (improves(record)) {
        bestEpoch = epoch;
        if (choice?.keepsValues === true) best = values;
      }
      const answer = await task.onEpoch?.(record);
      if (answer === 'stop') stopped = 'callback';
      else if (batches >= total) stopped = 'completed';
      else if (choice?.patience !== undefined && epoch - bestEpoch >= choice.patience) stopped = 'early';
      if (checkpoint !== undefined) writeCheckpoint(checkpoint, state());
    }
    return {
      history,
      bestEpoch,
      best,
      last,
      stopped: stopped ?? 'diverged',
      divergence,
      updates: updatesAfter(batches),
      dropped: batches % accumulation,
      resumed,
    };
  } finally {
    pending?.dispose();
  }
}
