import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(__dirname, '..', '..');

/** Phrases that a native speaker would not use, and old names, each with what we write instead. */
const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/Say of each part/, 'Check every component'],
  [/present step/, 'current step'],
  [/in one go\b/, 'at once, synchronously'],
  [/trials in all\b/, 'total trials'],
  [/\ba (task|file|row|line|run) an? (part|epoch|cell|recording)\b/, 'one task per part'],
  [/\b(task a shard|bytes a line|costs itself alone)\b/, 'one task per shard, bytes per line, is skipped'],
  [/\bone line an epoch/, 'one line per epoch'],
  [/that runs already/, 'already running'],
  [/\b(is|be|was) (not )?to be had\b/, 'available'],
  [/occurs twice/, 'duplicate column, is listed twice'],
  [/\bis cut short\b/, 'is truncated'],
  [/in use by process/, 'locked by process'],
  [/element type .* is not read/, 'unsupported dtype'],
  [/lets signals/i, 'yields to the event loop'],
  [/counts as none/, 'treated as zero'],
  [/the rest goes on/, 'continues'],
  [/run it again to go on|once more to stop/, 'run it again to continue, Ctrl-C again stops now'],
  [/\b(createFileWhole|noteProcess|layOut)\b/, 'createExclusive, describeProcess, createLayout'],
  [/(^|[^'])\bjudge[sd]?\b(?!')/i, 'score'],
  [/Share of rows right/, 'Training accuracy'],
  [/\b[Gg]o(es)? on\b(?! (the|top))/, 'continues'],
  [/\banew\b/, 'again; recomputed'],
  [/\b(is|are) not there\b/, 'is missing'],
  [
    /(?<!\b[Tt]here |\b[Hh]ere )\b(is|was) no (file|folder|model|font|text|table|number|setting|network|row|system)\b/,
    'is not a …',
  ],
  [/\b([Tt]he|its|a) cure\b|Cure: /, 'the fix'],
  [/complains of|broke (off|down)\b|brought forth/, 'reports errors in; was cut off, crashed; produced'],
  [/what is there is used/, 'the part that could be read is used'],
  [/@param \w+ told |\/\*\* Told\b/, 'called with, called when'],
  [/\b(has|have) not met\b|\bno model (\w+ )*has met\b/, 'has not seen'],
  [/\bmade again\b/, 'recomputed, rebuilt'],
  [/\bat hand: |\bnot at hand\b/, 'available'],
  [/\blooked for\b/, 'searched for'],
  [/\bbut for (those|what|its|rounding|`)/, 'except for'],
  [
    /\b(one|a) (name|path|recording|package) a (line|folder)\b|, one a (point|dimension)\b/,
    'one path per line',
  ],
  [/`\w+` is told\b|\bWhat [^.]{1,40} is told\b/, 'is called with; receives'],
  [/\bof one's own\b/, 'of your own'],
  [/\b(one|value|values|features) an? (row|column|cell|class|trial|recording|epoch)\b/, 'per row'],
  [/flavour: 'fixed'|preset.{0,3}`?smoke\b/, 'corrected; small'],
  [/--experiment [a-z.]+|'--experiment'/, '--preset'],
  [/\bnamed rightly\b/i, 'accuracy'],
  [/\btold from whole\b/, 'cut against whole'],
  [/\bwave under a bell\b/, 'a sinusoid under a Gaussian'],
  [/\b(axes|axis|names|labels) (is |are |were )?exchanged\b/, 'swapped'],
  [/\b(has|had) a say\b/, 'influences'],
  [/\bfolder of all results\b/, 'folder for all results'],
  [/\bcannot hear order\b|\bhears? the (same )?excerpts\b/, 'ignores order, sees'],
  [/\bbeside the peers\b/i, 'compared with other software'],
];

/** Where people read: code, set-up, pages, notebooks, benchmarks, examples, presets and descriptions of corpora. */
const READ = ['lib', 'setup', 'docs', 'bench', 'examples', 'experiments', 'data-manifests', '*.md'];

const sources = execFileSync('git', ['ls-files', '-z', ...READ], { cwd: root, encoding: 'utf8' })
  .split('\0')
  // What executed notebooks printed is as old as their last execution.
  .filter(
    (name) =>
      !name.startsWith('docs/notebooks/') &&
      /\.(ts|mjs|cjs|py|md|ipynb|json)$/.test(name) &&
      fs.existsSync(path.join(root, name)),
  );

test('phrases that were replaced do not come back', () => {
  assert.ok(sources.length > 300, `${sources.length} files`);
  for (const folder of READ.filter((name) => !name.includes('*')))
    assert.ok(
      sources.some((name) => name.startsWith(`${folder}/`)),
      folder,
    );
  const found = sources.flatMap((name) =>
    fs
      .readFileSync(path.join(root, name), 'utf8')
      .split('\n')
      .flatMap((line, i) =>
        REPLACED.filter(([phrase]) => phrase.test(line)).map(
          ([phrase, better]) => `${name}:${i + 1}: ${String(phrase)}; write: ${better}`,
        ),
      ),
  );
  assert.deepEqual(found, []);
});
