import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson, writeJson } from 'research-basics/files';
import { countConfusion, type EvaluationReport } from '../evaluation';
import type { StageContext } from '../stages/context';
import { readExtraction } from './featureFolder';

/** Where a split keeps what its features lost, for the stages that see only the split. */
const LOSSES_FILE = 'class-losses.json';

/** One sentence for each class that lost more than half of its recordings in the extraction. */
function lossSentences(folder: string): string[] {
  const { classes = [] } = readExtraction(folder);
  return classes
    .filter(({ listed, accepted }) => 2 * accepted < listed)
    .map(({ label, listed, accepted, failed }) => {
      const lost = `class ${JSON.stringify(label)} lost ${listed - accepted} of its ${listed} recordings in the extraction`;
      const cure =
        failed === listed - accepted
          ? 'all of them failed: extract again'
          : 'rejected.csv gives each reason: shorter than 4 s, or too long a pause, which --max-silence relaxes';
      return accepted === 0
        ? `${lost}: no score includes it (${cure})`
        : `${lost}: its scores rest on the other ${accepted} (${cure})`;
    });
}

/** Tells which classes lost more than half of their recordings, for a stage that reads extracted features. */
export function tellOfLosses(features: string, context: Pick<StageContext, 'warn'>): void {
  lossSentences(features).forEach((sentence) => context.warn?.(sentence));
}

/** Keeps what the features lost beside a split of them. */
export function keepLosses(features: string, split: string): void {
  const file = path.join(split, LOSSES_FILE);
  const sentences = lossSentences(features);
  if (sentences.length > 0) writeJson(file, sentences);
  else fs.rmSync(file, { force: true });
}

/** Tells the same for a stage that reads a split. */
export function tellOfKeptLosses(split: string, context: Pick<StageContext, 'warn'>): void {
  const file = path.join(split, LOSSES_FILE);
  if (fs.existsSync(file)) readJson<string[]>(file).forEach((sentence) => context.warn?.(sentence));
}

/** Tells which classes were never recognised: an F1 of 0. */
export function tellOfZeroF1(
  report: EvaluationReport,
  model: string,
  context: Pick<StageContext, 'warn'>,
): void {
  for (const { name, f1, support } of report.corrected.perClass)
    if (f1 === 0) context.warn?.(zeroF1Sentence(name, support, model));
}

/** Tells the same of predictions without a report: of classes that no repeat recognised once. */
export function tellOfUnrecognised(
  {
    labels,
    predicted,
    classes,
  }: {
    /** True class of every row. */
    readonly labels: ArrayLike<number>;
    /** Most probable class of every row, one list per repeat. */
    readonly predicted: readonly ArrayLike<number>[];
    readonly classes: readonly string[];
  },
  model: string,
  context: Pick<StageContext, 'warn'>,
): void {
  const total = predicted.map((own) => countConfusion(labels, own, classes.length).counts);
  classes.forEach((name, c) => {
    const support = Array.from(labels).filter((label) => label === c).length;
    const hits = total.reduce((sum, counts) => sum + counts[c * classes.length + c]!, 0);
    if (support > 0 && hits === 0) context.warn?.(zeroF1Sentence(name, support, model));
  });
}

const zeroF1Sentence = (name: string, support: number, model: string): string =>
  `class ${JSON.stringify(name)} has an F1 of 0: ${model} recognised none of its ${support} recordings; an average over classes hides that`;
