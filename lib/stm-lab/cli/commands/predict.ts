import { writeCsv } from '../../base/csv';
import { inputError, messageOf } from 'research-basics/errors';
import { argMax } from '../../evaluation';
import { openPredictor } from '../../pipeline';
import { type Command } from '../command';
import { MAX_SILENCE, silenceOption } from '../stageOptions';
import { printTable } from '../table';

export const predict: Command = {
  name: 'predict',
  summary: 'Class probabilities of recordings, as a whole and over time.',
  positionals: 'FILE...',
  options: {
    model: {
      value: 'DIR',
      help: 'results of "stm-lab train"; of "stm-lab train --features" nothing else is needed',
      required: 'yes',
    },
    reduction: { value: 'DIR', help: 'for a network: the reduction it was trained on' },
    'max-silence': { ...MAX_SILENCE, default: 'as the training recordings were extracted' },
    out: { value: 'P.csv', help: 'also write one line per recording and per 4-s excerpt' },
  },
  details:
    'Features are computed as for the training recordings. A recording that cannot be used is named with the reason and the others continue; exit 1 when there are any.',
  example: 'stm-lab predict --model results/corpus/excerpt-model *.wav',
  async run(options, files, terminal) {
    if (files.length === 0) throw inputError('stm-lab predict: name one or more audio files');
    const predictFile = await openPredictor({
      model: options['model']!,
      reduction: options['reduction'],
      maxSilenceSeconds: silenceOption(options),
    });
    const lines: Record<string, string | number>[] = [];
    let failures = 0;
    for (const file of files) {
      try {
        const { classes, probabilities, course, distance } = await predictFile(file);
        if (distance !== undefined && distance.value > distance.threshold)
          terminal.warn(
            `${file}: is far from everything the model was trained on (distance ${distance.value.toFixed(2)}, threshold ${distance.threshold.toFixed(2)}); treat its class with caution`,
          );
        const line = (
          start: string | number,
          values: readonly number[],
        ): Record<string, string | number> => ({
          file,
          start_s: start,
          predicted: classes[argMax(values)]!,
          ...(distance === undefined
            ? {}
            : { distance: start === 'all' ? Number(distance.value.toFixed(3)) : '' }),
          ...Object.fromEntries(classes.map((name, c) => [`p(${name})`, values[c]!])),
        });
        lines.push(
          line('all', probabilities),
          ...course.map((part) => line(part.startSeconds, part.probabilities)),
        );
      } catch (error) {
        failures++;
        terminal.warn(messageOf(error));
      }
    }
    printTable(terminal, lines);
    if (options['out'] !== undefined && lines.length > 0)
      writeCsv(options['out'], Object.keys(lines[0]!), lines);
    return failures === 0 ? 0 : 1;
  },
};
