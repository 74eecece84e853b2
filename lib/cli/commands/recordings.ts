import * as path from 'node:path';
import { writeCsv } from '../../base/csv';
import { inputError, messageOf } from '../../base/errors';
import { saveFigure } from '../../figures';
import {
  buildManifest,
  listCorpora,
  readCorpusDescription,
  validateManifest,
  writeBuiltManifest,
} from '../../corpus';
import { drawRecording, homeFolder, openPredictor } from '../../pipeline';
import { choiceOption, type Command } from '../command';
import { printTable } from '../table';

export const manifest: Command = {
  name: 'manifest',
  summary: 'List known corpora, build the manifest of a local copy, or check one.',
  positionals: 'list | build | validate',
  options: {
    corpus: { value: 'NAME', help: 'build: which corpus (see "stm-lab manifest list")' },
    root: { value: 'DIR', help: 'build: your copy, in its published folder tree' },
    out: { value: 'M.csv', help: 'build: the manifest to write', default: 'ROOT/manifest.csv' },
    manifest: { value: 'M.csv', help: 'validate: the manifest to check' },
  },
  details: [
    'build gives each recording its label and its group by the rules in data-manifests/. validate names files that are',
    'missing, extra, or changed (by the columns bytes and sha256, where there are any); exit 1 when there are such.',
  ].join('\n'),
  example: 'stm-lab manifest build --corpus librispeech --root /data/LibriSpeech',
  run(options, [action], terminal) {
    const known = path.join(homeFolder(), 'data-manifests');
    if (action === 'list') {
      printTable(
        terminal,
        listCorpora(known).map((id) => {
          const { name, layout } = readCorpusDescription(known, id);
          return { corpus: id, name, 'can be built': layout === null ? 'no' : 'yes' };
        }),
      );
      return Promise.resolve(0);
    }
    if (action === 'build') {
      const { corpus: id, root } = options;
      if (id === undefined || root === undefined)
        throw inputError('stm-lab manifest build: --corpus and --root are required');
      const corpus = readCorpusDescription(known, id);
      const built = buildManifest(corpus, root);
      const target = options['out'] ?? path.join(root, 'manifest.csv');
      writeBuiltManifest(target, corpus, root, built.rows);
      built.warnings.forEach((warning) => terminal.warn(warning));
      built.missing.forEach((file) => terminal.warn(`listed by the corpus but missing: ${file}`));
      built.unexplained.forEach((file) => terminal.warn(`not part of the corpus' layout, left out: ${file}`));
      terminal.print(
        `${target}: ${built.rows.length} recordings, ${new Set(built.rows.map(({ group }) => group)).size} groups`,
      );
      return Promise.resolve(0);
    }
    if (action === 'validate') {
      const file = options['manifest'];
      if (file === undefined) throw inputError('stm-lab manifest validate: --manifest is required');
      const { missing, extra, changed, unchecked } = validateManifest(file);
      missing.forEach((name) => terminal.print(`missing: ${name}`));
      changed.forEach((name) => terminal.print(`changed: ${name}`));
      extra.forEach((name) => terminal.print(`not listed: ${name}`));
      terminal.print(
        `${file}: ${missing.length} missing, ${changed.length} changed, ${extra.length} not listed, ${unchecked} without size or hash to compare`,
      );
      return Promise.resolve(missing.length + changed.length + extra.length === 0 ? 0 : 1);
    }
    throw inputError(`stm-lab manifest ${action ?? ''}: must be list, build or validate`);
  },
};

export const inspect: Command = {
  name: 'inspect',
  summary: 'Draw one recording: waveform, cochleagram, modulation spectrum, features.',
  positionals: 'FILE',
  options: {
    out: {
      value: 'BASE',
      help: 'path of the figure without ending',
      default: "the file's name in the working folder",
    },
    start: { value: 'S', help: 'second at which the excerpt begins', default: '0' },
    channels: { value: 'SET', help: 'published (150) or paper (128)', default: 'published' },
  },
  details: 'Writes BASE.svg and BASE.png.',
  example: 'stm-lab inspect bird.flac --start 12',
  async run(options, [file], terminal) {
    if (file === undefined) throw inputError('stm-lab inspect: name an audio file');
    const start = Number(options['start'] ?? 0);
    if (!(start >= 0))
      throw inputError(`--start ${options['start']}: must be a number of seconds, 0 or more`);
    const spec = await drawRecording({
      file,
      startSeconds: start,
      channels: choiceOption(options, 'channels', ['published', 'paper'] as const, 'published'),
      title: path.basename(file),
    });
    const base = options['out'] ?? path.parse(file).name;
    (await saveFigure(spec, base, { formats: ['svg', 'png'] })).forEach((written) => terminal.print(written));
    return 0;
  },
};

export const predict: Command = {
  name: 'predict',
  summary: 'Class probabilities of recordings, as a whole and over time.',
  positionals: 'FILE...',
  options: {
    model: { value: 'DIR', help: 'results of "stm-lab train"', required: 'yes' },
    reduction: { value: 'DIR', help: 'the reduction it was trained on', required: 'yes' },
    out: { value: 'P.csv', help: 'also write one line per recording and per 4-s excerpt' },
  },
  details:
    'A recording that cannot be used is named with the reason and the others go on; exit 1 when there was one.',
  example: 'stm-lab predict --model results/c/smoke/model --reduction results/c/smoke/reduction *.wav',
  async run(options, files, terminal) {
    if (files.length === 0) throw inputError('stm-lab predict: name one or more audio files');
    const predictFile = await openPredictor({ model: options['model']!, reduction: options['reduction']! });
    const lines: Record<string, string | number>[] = [];
    let failures = 0;
    for (const file of files) {
      try {
        const { classes, probabilities, course } = await predictFile(file);
        const line = (
          start: string | number,
          values: readonly number[],
        ): Record<string, string | number> => ({
          file,
          start_s: start,
          predicted: classes[values.indexOf(Math.max(...values))]!,
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
