/** Run as a process of its own: trains with a checkpoint folder and prints the model's hash and its history. */
import { loadEngine } from 'stm-lab/dist/engine';
import { fitMlp, modelHash } from 'stm-lab/dist/models';
import { macroF1 } from 'stm-lab/dist/evaluation';
import { bagRows, cloudRows } from './fixtures';

async function main(folder: string, pauseMs: number, kind: string): Promise<void> {
  const engine = await loadEngine();
  const rows = kind === 'attention' ? bagRows : cloudRows;
  const data = rows(500, 20, 3, 7);
  const validation = rows(200, 20, 3, 7);
  const result = await fitMlp(engine, {
    spec: {
      family: 'dropout',
      inputs: 20,
      hidden: [
        { units: 32, dropout: 0.2, l1: 1e-5 },
        { units: 16, dropout: 0.1 },
      ],
      classes: 3,
      ...(kind === 'attention' ? { attention: { units: 8 } } : {}),
    },
    train: data,
    validation,
    metrics: { macroF1: (labels, probabilities, classes) => macroF1({ labels, probabilities, classes }) },
    // 16 micro-batches an epoch and 6 an update: gradients are pending at the end of most epochs.
    options: {
      seed: 11,
      epochs: 10,
      batchSize: 32,
      accumulation: 6,
      learningRate: 3e-3,
      schedule: 'cosine',
      mixup: 0.3,
      inputNoise: 0.1,
      earlyStopping: { monitor: 'macroF1', direction: 'maximise', patience: 10 },
    },
    ...(folder === '' ? {} : { checkpoint: { folder } }),
    onEpoch: () => new Promise((resolve) => setTimeout(() => resolve(undefined), pauseMs)),
  });
  console.log(
    JSON.stringify({ hash: modelHash(result.model), history: result.history, resumed: result.resumed }),
  );
}

void main(process.argv[2] ?? '', Number(process.argv[3] ?? 0), process.argv[4] ?? 'plain');
