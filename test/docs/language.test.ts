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
];

const sources = execFileSync('git', ['ls-files', '-z', 'lib', 'setup', 'docs', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
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
