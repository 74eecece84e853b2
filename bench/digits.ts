/**
 * Which modulations spoken digits need: digits are filtered, rate cut-off by rate cut-off and scale by scale, and named by a
 * classifier that was fitted to other digits as they were spoken.
 *
 *     npm run bench:digits -- [--folder ../shared/spoken-digits] [--clips 120] [--train 600]
 *
 * The folder holds `{digit}_{speaker}_{index}.wav`; index 0 to 4 are the test clips, as published.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { readAudio } from 'stm-lab/dist/audio';
import { cutoffStudy, type NamedClip } from 'stm-lab/dist/pipeline';

const REGIONS = [
  ...[1, 2, 4, 8, 12].map((rate) => `rate<=${rate}`),
  ...[0.5, 1, 2, 4].map((scale) => `scale<=${scale}`),
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string', default: path.join('..', 'shared', 'spoken-digits') },
      clips: { type: 'string', default: '120' },
      train: { type: 'string', default: '600' },
    },
  });
  const found = fs
    .readdirSync(values.folder)
    .map((name) => ({ name, parts: /^(\d)_(.+)_(\d+)\.wav$/.exec(name) }))
    .filter(({ parts }) => parts !== null)
    // Every digit and speaker in turn, however many are taken.
    .sort((a, b) => Number(a.parts![3]) - Number(b.parts![3]) || a.name.localeCompare(b.name));
  const read = (part: typeof found): Promise<NamedClip[]> =>
    Promise.all(
      part.map(async ({ name, parts }) => ({
        ...(await readAudio(path.join(values.folder, name))),
        label: parts![1]!,
      })),
    );
  const test = await read(found.filter(({ parts }) => Number(parts![3]) < 5).slice(0, Number(values.clips)));
  const train = await read(
    found.filter(({ parts }) => Number(parts![3]) >= 5).slice(0, Number(values.train)),
  );
  console.log(`${train.length} digits as they are for training, ${test.length} others filtered and named`);
  await cutoffStudy({
    ...{ train, test, regions: REGIONS },
    onRegion: ({ kept, accuracy }) =>
      console.log(`${kept.padEnd(28)} ${(100 * accuracy).toFixed(1)} % right`),
  });
}

void main();
