import type { Interval } from '../../evaluation';
import { describeLinear, describePreparation } from './choice';
import type { ExcerptModelRecord } from './store';

const ranged = ({ value, low, high }: Interval): string =>
  `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\s+/g, ' ');

/** The model card in Markdown: what the model is for, what it was trained on, how well it does, where it does not. */
export function modelCard(record: ExcerptModelRecord): string {
  const { classes, choice, trainedOn, scores, temperature, farFrom, chosen } = record;
  const { byGroup, byCollection } = scores;
  const row = (
    name: string,
    own: { macroF1: Interval; domainMacroF1?: number; ece: number; eceBefore: number },
  ): string =>
    `| ${name} | ${ranged(own.macroF1)} | ${own.domainMacroF1?.toFixed(3) ?? '-'} | ${own.eceBefore.toFixed(3)} | ${own.ece.toFixed(3)} |`;
  return [
    '# Model card: classes of sound from spectrotemporal modulation',
    '',
    'Assigns a recording to one of the classes below from the modulation spectra of its 4-second excerpts. Predict with',
    '`stm-lab predict --model DIR FILE...`; the folder needs nothing else.',
    '',
    '## Trained on',
    '',
    `${trainedOn.recordings} recordings (${trainedOn.excerpts} excerpts) of ${trainedOn.collections.length} collections.`,
    '',
    '| Class | Recordings |',
    '| --- | --- |',
    ...classes.map((name) => `| ${cell(name)} | ${trainedOn.perClass[name] ?? 0} |`),
    '',
    '## Scores',
    '',
    `Of the same recipe, each recording scored by a model that was not fitted to it; ${scores.seeds} repeat(s) of ${scores.folds} folds, 95 % intervals.`,
    '',
    '| Held out | Macro-F1 | Part before ":" | Calibration error before | after |',
    '| --- | --- | --- | --- | --- |',
    row('groups', byGroup),
    ...(byCollection === undefined ? [] : [row('collections', byCollection)]),
    '',
    byCollection === undefined
      ? 'No collections were named, so how well the model does on recordings of other collections is not known.'
      : 'Expect the second line on recordings from elsewhere. It rests on few collections: see its interval.',
    ...(byCollection !== undefined && byCollection.notScorable.length > 0
      ? [
          `Not scorable by collection, since all recordings come from one: ${byCollection.notScorable.join(', ')}.`,
        ]
      : []),
    '',
    '## Limits',
    '',
    'Probabilities assume equally frequent classes; multiply by the frequencies of the classes where these',
    'are known, and rescale to a sum of 1. A sound that belongs to none of the classes is still assigned to one.',
    ...(farFrom === null
      ? []
      : [
          `Recordings at a distance above ${farFrom.toFixed(2)} are reported as far from all training recordings; 95 % of`,
          'the recordings of held-out collections were nearer.',
        ]),
    '',
    '## Made of',
    '',
    `${describeLinear(chosen)}, chosen of ${choice.among.length} within the training recordings, on ${choice.components} principal components at most; ${describePreparation(choice) || 'features as extracted'}; weights by collection n^-${choice.collectionBalance}; temperature ${temperature.toFixed(3)}.`,
    '',
    `Inputs: ${Object.entries(trainedOn.inputs)
      .map(([name, hash]) => `${name} ${hash.slice(0, 12)}`)
      .join(', ')}. Model ${record.hash.slice(0, 12)}.`,
    '',
  ].join('\n');
}

/** The scores by group in words, for a terminal. */
export function excerptSentence(by: string, own: ExcerptModelRecord['scores']['byGroup']): string {
  const domain =
    own.domainMacroF1 === undefined ? '' : `, of the part before ":" ${own.domainMacroF1.toFixed(3)}`;
  return `by ${by}: macro-F1 ${ranged(own.macroF1)}${domain}, calibration error ${own.ece.toFixed(3)}`;
}
