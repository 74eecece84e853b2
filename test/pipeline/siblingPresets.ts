import * as fs from 'node:fs';
import * as path from 'node:path';

const home = path.resolve(__dirname, '..', '..');

/** Presets of the sibling systems and of the studies, as JSON files, that train for as long as is asked. */
export function siblingPresets(
  folder: string,
  { epochs, steps }: { readonly epochs: number; readonly steps: number },
): { tmnn: string; strf: string; studies: string } {
  const [tmnn, strf] = [path.join(folder, 'tmnn.json'), path.join(folder, 'strf.json')] as const;
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(
    tmnn,
    JSON.stringify({
      name: 'tiny',
      title: 'for tests',
      data: { kind: 'manifest', folds: 2, validationFolds: 2 },
      segmentSeconds: 0.5,
      network: { backEnd: { width: 2 } },
      fit: { stages: [{ rule: 'adam', learningRate: 0.001, epochs }], batchSize: 2, windows: 1 },
      testWindows: 2,
      seeds: [1],
      systems: [
        { name: 'mel', frontEnd: { kind: 'mel', bands: 24 }, modulation: { filters: 0 } },
        {
          name: 'mel + temporal',
          frontEnd: { kind: 'mel', bands: 24 },
          modulation: { filters: 1, taps: 11 },
        },
      ],
      comparisons: [['mel + temporal', 'mel']],
    }),
  );
  const small = JSON.parse(
    fs.readFileSync(path.join(home, 'experiments', 'strf', 'small.json'), 'utf8'),
  ) as Record<string, Record<string, unknown>>;
  for (const task of ['speaker', 'speech', 'birds', 'urban'])
    small[task] = {
      ...small[task],
      training: { steps, batch: 4, learningRate: 0.002, recordEvery: Math.min(10, steps) },
      conditions: ['learn l2', 'pass'],
      seeds: 1,
    };
  small['urban'] = { ...small['urban'], labels: ['class 0', 'class 1', 'class 2'], folds: 2 };
  fs.writeFileSync(strf, JSON.stringify(small));
  const studies = path.join(folder, 'studies.json');
  const sizes = { folds: 2, draws: 1, resamples: 10, components: 4 };
  const shipped = JSON.parse(
    fs.readFileSync(path.join(home, 'experiments', 'studies', 'small.json'), 'utf8'),
  ) as { systems: unknown[]; order: object };
  fs.writeFileSync(
    studies,
    JSON.stringify({
      ...{ name: 'tiny', title: 'for tests', systems: shipped.systems.slice(0, 1) },
      'learning-curve': { ...sizes, shares: [0.25, 0.5, 1] },
      'excerpt-count': { ...sizes, excerpts: [1] },
      order: { ...shipped.order, ...sizes, inputs: 4 },
      duration: { ...sizes, windows: [1, 4], searched: 4 },
      averaging: { recordings: 2, excerpts: 1, iterations: 1, resamples: 10 },
    }),
  );
  return { tmnn, strf, studies };
}
