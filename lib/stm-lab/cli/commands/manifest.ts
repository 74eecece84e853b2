import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import {
  buildManifest,
  listCorpora,
  readCorpusDescription,
  validateManifest,
  counted,
  withExamples,
  writeBuiltManifest,
  type BuiltManifest,
  type CorpusDescription,
} from '../../corpus';
import { writeCsv } from '../../base/csv';
import { shippedFolder } from '../../pipeline';
import { choiceOption, type Command } from '../command';
import { printTable } from '../table';

export const manifest: Command = {
  name: 'manifest',
  summary: 'List known corpora, build the manifest of a local copy, or check one.',
  positionals: 'list | build | validate',
  options: {
    corpus: { value: 'NAME', help: 'build: which corpus (see "stm-lab manifest list")' },
    root: { value: 'DIR', help: 'build: your copy, in its original folder tree' },
    out: { value: 'M.csv', help: 'build: the manifest to write', default: 'ROOT/manifest.csv' },
    rules: { value: 'published|corrected', help: 'build: labels and groups', default: 'corrected' },
    'left-out': {
      value: 'L.csv',
      help: 'also list all files left out, or all that differ, with the reason',
    },
    manifest: { value: 'M.csv', help: 'validate: the manifest to check' },
  },
  details: [
    'build gives each recording its label and its group by the rules in data-manifests/. What it leaves out is counted,',
    'with examples; --left-out lists everything. validate names files that are',
    'missing, extra, or changed (by the columns bytes and sha256, where present); exit 1 when there are any.',
  ].join('\n'),
  example: 'stm-lab manifest build --corpus librispeech --root /data/LibriSpeech',
  run(options, [action], terminal) {
    const known = shippedFolder('data-manifests');
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
      const leftOut = leftOutOf(corpus, built);
      for (const { count, files } of leftOut) terminal.warn(`${count}: ${withExamples(files)}`);
      writeLeftOut(options, leftOut);
      terminal.print(
        `${target}: ${built.rows.length} recordings, ${new Set(built.rows.map(({ group }) => group)).size} groups`,
      );
      return Promise.resolve(0);
    }
    if (action === 'validate') {
      const file = options['manifest'];
      if (file === undefined) throw inputError('stm-lab manifest validate: --manifest is required');
      const { missing, extra, changed, unchecked } = validateManifest(file);
      const lists = { missing, changed, 'not listed': extra };
      for (const [reason, names] of Object.entries(lists)) {
        names.slice(0, MOST_LINES).forEach((name) => terminal.print(`${reason}: ${name}`));
        if (names.length > MOST_LINES)
          terminal.print(`${reason}: ${(names.length - MOST_LINES).toLocaleString('en')} more`);
      }
      writeLeftOut(
        options,
        Object.entries(lists).map(([reason, files]) => ({ reason, files })),
      );
      terminal.print(
        `${file}: ${missing.length} missing, ${changed.length} changed, ${extra.length} not listed, ${unchecked} without size or hash to compare`,
      );
      return Promise.resolve(missing.length + changed.length + extra.length === 0 ? 0 : 1);
    }
    throw inputError(`stm-lab manifest ${action ?? ''}: must be list, build or validate`);
  },
};

/** Files of each reason that are printed line by line. */
const MOST_LINES = 20;

function writeLeftOut(
  options: Readonly<Record<string, string | undefined>>,
  lists: readonly { readonly reason: string; readonly files: readonly string[] }[],
): void {
  if (options['left-out'] === undefined) return;
  const rows = lists.flatMap(({ reason, files }) => files.map((file) => ({ path: file, reason })));
  writeCsv(options['left-out'], ['path', 'reason'], rows, { formulas: 'keep' });
}

/** What a build left out, by reason: files, and how many in words. */
function leftOutOf(
  { layout }: CorpusDescription,
  { missing, undescribed, excluded, unexplained }: BuiltManifest,
): { readonly count: string; readonly reason: string; readonly files: readonly string[] }[] {
  const rule = layout.value?.leave_out?.because ?? 'its rule';
  const reasons: [readonly string[], string][] = [
    [missing, 'listed by the corpus but missing'],
    [undescribed, 'left out, since the corpus gives no annotation or group for them'],
    [excluded, `left out, since ${rule}`],
    [unexplained, "not part of the corpus's layout, left out"],
  ];
  return reasons.flatMap(([files, reason]) =>
    files.length === 0 ? [] : [{ count: `${counted(files.length, 'recording')} ${reason}`, reason, files }],
  );
}
