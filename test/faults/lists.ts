import * as fs from 'node:fs';
import * as path from 'node:path';
import type { RandomState } from 'research-basics/random/mt19937';
import { readManifest } from 'stm-lab/dist/corpus';
import { complain, judgeError, unclearness, type Scenario } from './tally';

const pick = <T>(random: RandomState, list: readonly T[]): T => list[random.interval(list.length - 1)]!;

/** Names of recordings, labels and groups as people have them. */
const STEMS = [
  'a',
  'b c',
  'Größe',
  'Zoe\u0308',
  '鳥',
  "d'or",
  'e,f',
  'g;h',
  '__proto__',
  'constructor',
  'i"j',
];
const LABELS = [
  'speech',
  'constructor',
  '__proto__',
  'toString',
  'птицы',
  'x'.repeat(300),
  'a, b',
  '"quoted"',
];

/** Rows of which nothing can be made; each is to cost itself alone. */
const BAD_PATHS = [
  ...[
    'nothing.wav',
    'n\0ul.wav',
    `${'n'.repeat(300)}.wav`,
    'loop.wav',
    'a.wav/x.wav',
    'folder',
    'nowhere/x.wav',
  ],
  ...['dangling.wav', 'twice', `${'d/'.repeat(3000)}x.wav`, 'nothing', '.', '/dev/null'],
];

interface Way {
  readonly encoding: 'utf8' | 'utf8-mark' | 'utf16le' | 'utf16be' | 'utf16le-bare' | 'utf16be-bare';
  readonly delimiter: ',' | ';' | '\t';
  readonly lineEnd: '\n' | '\r\n' | '\r';
  readonly surplus: number;
  readonly declared: boolean;
  readonly blank: number;
}

function writeTable(way: Way, rows: readonly (readonly string[])[]): Buffer {
  const { encoding, delimiter, lineEnd, surplus, declared, blank } = way;
  const cell = (text: string): string =>
    /["\r\n,;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = rows.map((row) => row.map(cell).join(delimiter) + delimiter.repeat(surplus));
  const text = [
    ...(declared ? [`sep=${delimiter}`] : []),
    ...lines,
    ...Array.from({ length: blank }, () => delimiter.repeat(2 + surplus)),
    '',
  ].join(lineEnd);
  if (encoding.startsWith('utf8')) return Buffer.from((encoding === 'utf8' ? '' : '\ufeff') + text);
  const wide = Buffer.from((encoding.endsWith('bare') ? '' : '\ufeff') + text, 'utf16le');
  return encoding.startsWith('utf16le') ? wide : wide.swap16();
}

/** Lists in other encodings, with other separators and rows that cannot be: every good row is read, every bad one told. */
export function foreignLists({ tally, random, folder }: Scenario, count: number): void {
  for (const name of STEMS) fs.writeFileSync(path.join(folder, `${name}.wav`), name);
  fs.mkdirSync(path.join(folder, 'folder'));
  fs.symlinkSync('loop.wav', path.join(folder, 'loop.wav'));
  fs.symlinkSync('gone.wav', path.join(folder, 'dangling.wav'));
  ['twice.wav', 'twice.mp3'].forEach((name) => fs.writeFileSync(path.join(folder, name), ''));
  const file = path.join(folder, 'list.csv');
  for (let i = 0; i < count; i++) {
    const way: Way = {
      encoding: pick(random, ['utf8', 'utf8-mark', 'utf16le', 'utf16be', 'utf16le-bare', 'utf16be-bare']),
      delimiter: pick(random, [',', ';', '\t']),
      lineEnd: pick(random, ['\n', '\r\n', '\r']),
      surplus: random.interval(2),
      declared: random.interval(4) === 0,
      blank: random.interval(2),
    };
    const good = STEMS.map((stem) => {
      const form = pick(random, ['NFC', 'NFD'] as const);
      const written = pick(random, [`${stem}.wav`, stem, `./${stem}.wav`]);
      return [written.normalize(form), pick(random, LABELS), `group ${random.interval(4)}`];
    });
    const rows = good.map((row) => ({ row, bad: false }));
    const bad = random.interval(3);
    for (let b = 0; b < bad; b++)
      rows.splice(random.interval(rows.length), 0, {
        row: [pick(random, BAD_PATHS), 'speech', 'group 0'],
        bad: true,
      });
    // The way it is written, and every bad row.
    tally.faults += 1 + bad;
    const what = `list ${i} (${JSON.stringify(way)})`;
    fs.writeFileSync(file, writeTable(way, [['path', 'label', 'group'], ...rows.map(({ row }) => row)]));
    try {
      const { rows: read, problems, warnings } = readManifest(file, { purpose: 'extraction' });
      const shown = read.map((row) => [row.path, row.label, row.group]);
      for (const row of good) {
        const times = shown.filter((one) => JSON.stringify(one) === JSON.stringify(row)).length;
        if (times === 0) complain(tally, 'lost', `${what}: ${row[0]} is not read`);
        if (times > 1) complain(tally, 'duplicated', `${what}: ${row[0]} is read ${times} times`);
      }
      for (const row of read)
        if (!fs.statSync(row.file).isFile()) complain(tally, 'lost', `${what}: ${row.path} is not a file`);
      if (problems.length !== bad)
        complain(tally, 'unclear', `${what}: ${problems.length} lines told instead of ${bad}`);
      for (const text of [...problems.map(({ reason }) => reason), ...warnings]) {
        const why = unclearness(text);
        if (why !== undefined) complain(tally, 'unclear', `${what}: ${why}`);
      }
      if (warnings.some((warning) => warning.includes(file)))
        complain(tally, 'unclear', `${what}: a warning names its file itself`);
    } catch (error) {
      complain(tally, 'lost', `${what}: the whole list is refused`);
      judgeError(tally, error, what);
    }
  }
}
