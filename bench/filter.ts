/**
 * Modulation filtering on real recordings: how far each region is reached, and what it costs.
 *
 *     npm run bench:filter -- [--manifest ../shared/corpus/manifest.csv] [--recordings 20] [--seconds 8] [--iterations 40]
 *
 * Takes recordings evenly from all classes of the manifest, at most `--seconds` of each, and prints for each region the
 * quartiles of suppression outside and distortion inside it (dB), and seconds of sound for a second of processor time.
 */
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { readAudio } from 'stm-lab/dist/audio';
import { readManifest } from 'stm-lab/dist/corpus';
import { createModulationFilter, parseRegion, regionLabel } from 'stm-lab/dist/synthesis';

const REGIONS = [
  ['keep', 'rate<=4'],
  ['keep', 'rate<=12'],
  ['keep', 'scale<=2'],
  ['keep', 'scale<=4'],
  ['remove', '3<=rate<=7'],
  ['keep', 'rate>4'],
] as const;

function quartiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): string => sorted[Math.round(part * (sorted.length - 1))]!.toFixed(1);
  return `${at(0.5).padStart(6)} [${at(0.25)}, ${at(0.75)}]`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      manifest: { type: 'string', default: path.join('..', 'shared', 'corpus', 'manifest.csv') },
      recordings: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '8' },
      iterations: { type: 'string', default: '40' },
    },
  });
  const { rows } = readManifest(values.manifest);
  const byLabel = new Map<string, string[]>();
  for (const { label, file } of rows) byLabel.set(label, [...(byLabel.get(label) ?? []), file]);
  const lists = [...byLabel.values()];
  // Every class in turn, spread over each class's recordings.
  const files = Array.from({ length: Number(values.recordings) }, (_, i) => {
    const list = lists[i % lists.length]!;
    const turns = Math.ceil(Number(values.recordings) / lists.length);
    return list[Math.floor((Math.floor(i / lists.length) * list.length) / turns)]!;
  });
  console.log(`${files.length} recordings of ${byLabel.size} classes, ${values.iterations} iterations`);
  for (const [action, text] of REGIONS) {
    const region = parseRegion(action, text);
    const kernel = await createModulationFilter({ region, iterations: Number(values.iterations) });
    const suppression: number[] = [];
    const distortion: number[] = [];
    let [seconds, processor] = [0, 0];
    for (const file of files) {
      const { samples, sampleRate } = await readAudio(file);
      const part = samples.subarray(0, Number(values.seconds) * sampleRate);
      const before = process.cpuUsage();
      const filter = kernel.start(sampleRate);
      filter.push(part);
      const { report } = filter.finish();
      const { user, system } = process.cpuUsage(before);
      processor += (user + system) / 1e6;
      seconds += part.length / sampleRate;
      suppression.push(report.suppressionDb);
      distortion.push(report.distortionDb);
    }
    console.log(
      `${regionLabel(region).padEnd(34)} suppression ${quartiles(suppression)} dB   distortion ${quartiles(distortion)} dB   ${(seconds / processor).toFixed(2)} x real time`,
    );
  }
}

void main();
