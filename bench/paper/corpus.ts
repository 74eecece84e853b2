/** The paper's corpus in numbers: recordings of each class, groups of the sizes that its published tables show. */
import * as fs from 'node:fs';
import { randomState } from 'research-basics/random/mt19937';

/** Recordings of each class. Those of the two music classes are known together; they are divided as the training rows are. */
const CLASSES = [
  ['speech: non-tonal', 635_219],
  ['speech: tonal', 102_729],
  ['music: vocal', 127_877],
  ['music: non-vocal', 67_190],
  ['env: urban', 10_798],
  ['env: wildlife', 34_565],
] as const;

/** Of its tables of speakers, artists and places: files of a group, from one each (MediaSpeech) to BibleTTS's books. */
const GROUP_SIZES: Readonly<Record<string, readonly number[]>> = {
  speech: [1, 1, 1, 3, 4, 7, 11, 95, 158, 250, 413, 1018],
  music: [1, 1, 3, 13, 35, 47, 78],
  env: [54, 130, 219, 331, 595, 1189],
};

/** One recording of the synthetic corpus. */
export interface PaperRecording {
  readonly path: string;
  readonly label: string;
  readonly group: string;
  /** Class and group in numbers, from which its features are made. */
  readonly classNumber: number;
  readonly groupNumber: number;
}

/**
 * Recordings in the order of a manifest: class by class, groups together.
 *
 * @param share of each class's recordings, 0 .. 1: 1 is the paper's size.
 */
export function* paperRecordings(share: number): Generator<PaperRecording> {
  const random = randomState(23);
  let [groupNumber, number] = [0, 0];
  for (const [classNumber, [label, size]] of CLASSES.entries()) {
    const [domain] = label.split(':') as [string];
    const sizes = GROUP_SIZES[domain]!;
    const count = Math.max(60, Math.round(share * size));
    for (let left = count; left > 0;) {
      groupNumber++;
      // No group is more than a twentieth of its class, so that ten folds can be made at any size.
      const own = Math.min(left, Math.ceil(count / 20), sizes[random.interval(sizes.length - 1)]!);
      for (let i = 0; i < own; i++) {
        const path = `${domain}/${groupNumber}/recording_${number++}.flac`;
        yield { path, label, group: `${domain}_${groupNumber}`, classNumber, groupNumber };
      }
      left -= own;
    }
  }
}

/** Writes the manifest; returns the number of recordings. */
export function writePaperManifest(file: string, share: number): number {
  const handle = fs.openSync(file, 'w');
  let text = 'path,label,group\n';
  let rows = 0;
  for (const { path, label, group } of paperRecordings(share)) {
    text += `${path},${label},${group}\n`;
    rows++;
    if (text.length > 1 << 20) {
      fs.writeSync(handle, text);
      text = '';
    }
  }
  fs.writeSync(handle, text);
  fs.closeSync(handle);
  return rows;
}

const NOISE = 1 << 20;

/**
 * Features that a network can tell classes by: a pattern of the class, one of the group, and noise.
 *
 * @returns a function that fills a row (float32, about 0 .. 1) for a recording of a number.
 */
export function paperFeatures(
  columns: number,
): (
  recording: Pick<PaperRecording, 'classNumber' | 'groupNumber'>,
  number: number,
  row: Float32Array,
) => void {
  const random = randomState(7);
  const patterns = Array.from({ length: 6 + 64 }, () =>
    Float32Array.from({ length: columns }, () => random.double()),
  );
  const noise = Float32Array.from({ length: NOISE + columns }, () => random.double());
  return ({ classNumber, groupNumber }, number, row) => {
    const own = patterns[classNumber]!;
    const group = patterns[6 + (groupNumber % 64)]!;
    const from = Math.imul(number, 2654435761) >>> 12;
    for (let c = 0; c < columns; c++) row[c] = 0.1 * own[c]! + 0.3 * group[c]! + 0.6 * noise[from + c]!;
  };
}
