/**
 * How much of a sound a cochleagram and a modulation spectrum hold: each is turned back into sound and analysed again.
 *
 *     npm run bench:reconstruct -- [--manifest ../shared/corpus/manifest.csv] [--recordings 12] [--iterations 60]
 *
 * Takes the first 8 s of recordings of all classes in turn and prints medians over them: the correlation of the levels of the
 * new cochleagram with those of the original, their mean absolute difference, and the energy of the difference of the 2,420
 * modulation magnitudes over their energy (the mean left out).
 */
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { designResampler, readAudio, resample } from 'stm-lab/dist/audio';
import { readManifest } from 'stm-lab/dist/corpus';
import { quantile } from 'stm-lab/dist/evaluation';
import { extractStm } from 'stm-lab/dist/features';
import { analyseExcerpt, likeness, type ExcerptAnalysis } from 'stm-lab/dist/pipeline/studies/averaging';
import {
  createModulationFilter,
  filterWhole,
  parseRegion,
  soundFromCochleagram,
  soundFromModulation,
} from 'stm-lab/dist/synthesis';
import { benchmark } from './peerPython';

const RATE = 16000;
const EXCERPT = 4 * RATE;
/** Correlation and mean difference (dB) of the levels, energy of the difference of the modulations (dB). */
function compare(before: ExcerptAnalysis, after: ExcerptAnalysis): readonly number[] {
  const { correlation, difference, changed } = likeness(before, after);
  return [correlation, difference, 10 * Math.log10(changed)];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      manifest: { type: 'string', default: path.join('..', 'shared', 'corpus', 'manifest.csv') },
      recordings: { type: 'string', default: '12' },
      iterations: { type: 'string', default: '60' },
    },
  });
  const iterations = Number(values.iterations);
  const { rows } = readManifest(values.manifest);
  const lists = [...new Set(rows.map(({ label }) => label))].map((label) =>
    rows.filter((row) => row.label === label),
  );
  const cropped = await createModulationFilter({
    ...{ region: parseRegion('keep', 'rate<=15, scale<=7.1'), iterations, carrier: 'noise' },
  });
  const scores = new Map<string, (readonly number[])[]>();
  const note = (name: string, score: readonly number[]): void =>
    void scores.set(name, [...(scores.get(name) ?? []), score]);
  let used = 0;
  for (let i = 0; used < Number(values.recordings) && i < rows.length; i++) {
    const list = lists[i % lists.length]!;
    const row = list[Math.floor(i / lists.length)];
    if (row === undefined) continue;
    const { samples, sampleRate } = await readAudio(row.file);
    const sound = resample(samples.subarray(0, 8 * sampleRate), designResampler(sampleRate, RATE));
    if (sound.length < 2 * EXCERPT) continue;
    const excerpt = sound.slice(0, EXCERPT);
    const before = await analyseExcerpt(excerpt);
    const average = await extractStm(sound, RATE, { maxSilenceSeconds: 4 });
    const made = async (name: string, { samples: back }: { readonly samples: Float32Array }): Promise<void> =>
      note(name, compare(before, await analyseExcerpt(back)));
    await made('cochleagram', await soundFromCochleagram(before.levels, { iterations }));
    await made('cochleagram, |rate| <= 15 Hz and scale <= 7.1 cyc/oct', filterWhole(cropped, excerpt, RATE));
    await made('magnitudes of the excerpt', await soundFromModulation(before.modulation, { iterations }));
    await made('magnitudes averaged over 8 s', await soundFromModulation(average.modulation, { iterations }));
    note('the average itself, not made audible', [
      ...[NaN, NaN],
      compare(before, { levels: before.levels, modulation: average.modulation })[2]!,
    ]);
    used++;
  }
  console.log(`${used} recordings of ${lists.length} classes, ${iterations} iterations; medians`);
  for (const [name, list] of scores) {
    const median = (place: number): number =>
      quantile(
        list.map((score) => score[place]!),
        0.5,
      );
    const sound = Number.isNaN(median(0))
      ? ''
      : `correlation ${median(0).toFixed(2)}   difference ${median(1).toFixed(1)} dB`;
    console.log(`${name.padEnd(54)} ${sound.padEnd(41)} modulation ${median(2).toFixed(1)} dB`);
  }
}

void benchmark(main);
