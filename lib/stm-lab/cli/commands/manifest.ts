import * as path from 'node:path';
import { inputError } from '../../base/errors';
import {
  buildManifest,
  listCorpora,
  readCorpusDescription,
  validateManifest,
  writeBuiltManifest,
} from '../../corpus';
import { homeFolder } from '../../pipeline';
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
    rules: { value: 'published|corrected', help: 'build: labels and groups', default: 'corrected' },
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
          return { corpus: id, name, 'can be built': layout.value === null ? 'no' : 'yes' };
        }),
      );
      return Promise.resolve(0);
    }
    if (action === 'build') {
      const { corpus: id, root } = options;
      if (id === undefined || root === undefined)
        throw inputError('stm-lab manifest build: --corpus and --root are required');
      const corpus = readCorpusDescription(known, id);
      const rules = choiceOption(options, 'rules', ['published', 'corrected'] as const, 'corrected');
      const built = buildManifest(corpus, root, { rules });
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
