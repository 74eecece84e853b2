import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256File } from 'research-basics/files';
import { writeNpy } from 'stm-lab/dist/base/npy';
import { randomState } from 'research-basics/random/mt19937';
import { modulationToFeatures, stmAxes } from 'stm-lab/dist/features/stm';

/** The band in which the two classes differ. */
export const BAND = { rateHz: [4, 6], scaleCycPerOct: [1.1, 1.9] } as const;

/** Whether a cell of the plane lies in the band, either way of drifting. */
export function inBand(rateHz: number, scaleCycPerOct: number): boolean {
  const within = (value: number, [low, high]: readonly [number, number]): boolean =>
    value >= low && value <= high;
  return within(Math.abs(rateHz), BAND.rateHz) && within(scaleCycPerOct, BAND.scaleCycPerOct);
}

/**
 * A feature folder of sounds that are nothing but moving ripples in white noise: the transform of the noise is
 * a complex normal number in every cell, a ripple is a peak in one. Both classes have ripples at the band's
 * rates and scales; in one class all drift upward, in the other downward. Elsewhere the classes are alike.
 */
export function plantedBandFeatures(folder: string, groupsPerClass: number): string {
  const axes = stmAxes();
  const index = ['path,label,group,excerpts,analysed_s'];
  const features: number[] = [];
  for (let kind = 0; kind < 2; kind++)
    for (let group = 0; group < groupsPerClass; group++)
      for (let take = 0; take < 2; take++) {
        const random = randomState(1 + kind * 1000 + group * 2 + take);
        const spectrum = Float64Array.from({ length: 2420 }, (_, cell) => {
          const rate = axes.rateHz[cell % 121]!;
          const drifts = kind === 0 ? rate < 0 : rate > 0;
          const rippled = drifts && inBand(rate, axes.scaleCycPerOct[Math.floor(cell / 121)]!);
          const peak = rippled && random.double() < 0.5 ? 10 : 0;
          return Math.hypot(peak + random.normal(), random.normal());
        });
        features.push(...modulationToFeatures(spectrum));
        index.push(`c${kind}/g${group}-${take}.wav,class ${kind},source ${kind}-${group},1,4`);
      }
  fs.mkdirSync(folder, { recursive: true });
  const rows = index.length - 1;
  writeNpy(path.join(folder, 'features.npy'), { shape: [rows, 2420], data: Float32Array.from(features) });
  fs.writeFileSync(path.join(folder, 'index.csv'), `${index.join('\n')}\n`);
  fs.writeFileSync(path.join(folder, 'axes.json'), JSON.stringify(axes));
  const names = ['features.npy', 'index.csv', 'axes.json'];
  const hashes = Object.fromEntries(names.map((name) => [name, sha256File(path.join(folder, name))]));
  fs.writeFileSync(path.join(folder, 'extraction.json'), JSON.stringify({ sha256: hashes }));
  return folder;
}
