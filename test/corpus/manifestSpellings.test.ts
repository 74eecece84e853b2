import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { readManifest, validateManifest, type Manifest } from 'stm-lab/dist/corpus';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-spellings-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

let made = 0;

/** A manifest of eight recordings in `env/`, with other files beside them. */
function eight(write: (lines: string[]) => string | Buffer, others: readonly string[] = []): string {
  const own = path.join(folder, String(made++));
  const names = Array.from({ length: 8 }, (_, i) => `env/r${i}.wav`);
  for (const name of [...names, ...others]) {
    fs.mkdirSync(path.dirname(path.join(own, name)), { recursive: true });
    fs.writeFileSync(path.join(own, name), name);
  }
  const file = path.join(own, 'm.csv');
  fs.writeFileSync(
    file,
    write(['path,label,group', ...names.map((name, i) => `${name},c${i % 2},g${i >> 1}`)]),
  );
  return file;
}

const EIGHT = Array.from({ length: 8 }, (_, i) => [`env/r${i}.wav`, `c${i % 2}`, `g${i >> 1}`]);
const rowsOf = ({ rows }: Manifest): string[][] => rows.map((row) => [row.path, row.label, row.group]);

test('one impossible path costs its own line and no other', () => {
  const cases: [string, RegExp][] = [
    ['env/\0r1.wav', /holds a NUL character/],
    [`env/${'n'.repeat(300)}.wav`, /name that is too long/],
    ['env/loop.wav', /loop of symbolic links/],
    ['env/r0.wav/x.wav', /no such file|below a file/],
    ['env', /is not a file/],
    ['env/gone.wav', /no such file/],
    ['env/broken.wav', /no such file/],
    [`${'../'.repeat(2000)}x.wav`, /no such file|too long/],
  ];
  for (const [bad, reason] of cases) {
    const file = eight((lines) => [...lines, `${bad},c1,g1`, ''].join('\n'));
    fs.symlinkSync('loop.wav', path.join(path.dirname(file), 'env', 'loop.wav'));
    fs.symlinkSync('nowhere.wav', path.join(path.dirname(file), 'env', 'broken.wav'));
    const manifest = readManifest(file);
    assert.deepEqual(rowsOf(manifest), EIGHT);
    assert.deepEqual(
      manifest.problems.map(({ line, path: written }) => [line, written]),
      [[10, bad]],
    );
    assert.match(manifest.problems[0]!.reason, reason);
    assert.doesNotThrow(() => validateManifest(file));
  }
});

test('where the system does not let us look, the line says to try again', () => {
  const file = eight((lines) => lines.join('\n'), ['closed/a.wav']);
  const closed = path.join(path.dirname(file), 'closed');
  const real = fs.statSync;
  // The superuser, who often runs tests, is let in everywhere.
  const refusing = (name: fs.PathLike, options?: object): unknown => {
    if (String(name).startsWith(closed))
      throw Object.assign(new Error(`EACCES: permission denied, stat '${String(name)}'`), { code: 'EACCES' });
    return real(name, options as never);
  };
  fs.appendFileSync(file, '\nclosed/a.wav,c0,g0\n');
  // The module itself: what the library calls.
  const module = process.getBuiltinModule('node:fs') as { statSync: unknown };
  module.statSync = refusing;
  try {
    const manifest = readManifest(file);
    assert.equal(manifest.rows.length, 8);
    const [problem] = manifest.problems;
    assert.equal(problem!.cause, 'environment');
    assert.match(problem!.reason, /could not be checked \(EACCES.*try again/);
  } finally {
    module.statSync = real;
  }
});

test('a table as other programs write it is read as it is meant', () => {
  const utf16 = (text: string, order: 'le' | 'be', mark: string): Buffer => {
    const bytes = Buffer.from(mark + text, 'utf16le');
    return order === 'le' ? bytes : bytes.swap16();
  };
  const plain = (lines: string[]): string => `${lines.join('\n')}\n`;
  const ways: Record<string, (lines: string[]) => string | Buffer> = {
    'trailing commas': (lines) => plain(lines.map((line) => `${line},,`)),
    'trailing commas in the rows alone': ([head, ...lines]) =>
      plain([head!, ...lines.map((line) => `${line},,,`)]),
    'rows of commas at the end': (lines) => plain([...lines.map((line) => `${line},,`), ',,,,', ',,,,']),
    'carriage returns alone': (lines) => `${lines.join('\r')}\r`,
    'CR LF': (lines) => `${lines.join('\r\n')}\r\n`,
    semicolons: (lines) => plain(lines).replaceAll(',', ';'),
    'semicolons, declared': (lines) => `sep=;\r\n${lines.join('\r\n').replaceAll(',', ';')}`,
    tabs: (lines) => plain(lines).replaceAll(',', '\t'),
    'tabs and a byte-order mark': (lines) => `\ufeff${plain(lines).replaceAll(',', '\t')}`,
    'UTF-16 LE': (lines) => utf16(plain(lines), 'le', '\ufeff'),
    'UTF-16 BE': (lines) => utf16(plain(lines), 'be', '\ufeff'),
    'UTF-16 LE without a mark': (lines) => utf16(plain(lines), 'le', ''),
    'UTF-16 BE without a mark': (lines) => utf16(plain(lines), 'be', ''),
    'UTF-16, tabs, CR LF (Excel: Unicode text)': (lines) =>
      utf16(lines.join('\r\n').replaceAll(',', '\t'), 'le', '\ufeff'),
    'semicolons in UTF-16 with CR alone': (lines) =>
      utf16(lines.join('\r').replaceAll(',', ';'), 'be', '\ufeff'),
    quoted: (lines) => plain(lines.map((line) => line.replaceAll(/[^,]+/g, '"$&"'))),
  };
  for (const [name, write] of Object.entries(ways)) {
    const manifest = readManifest(eight(write));
    assert.deepEqual(rowsOf(manifest), EIGHT, name);
    assert.deepEqual([manifest.problems, manifest.warnings], [[], []], name);
  }
});

test('lines that are not UTF-8 are read as Windows-1252, with a warning that names the first', () => {
  const file = eight(
    (lines) =>
      Buffer.concat([
        Buffer.from(`${lines.join('\n')}\n`),
        Buffer.from('env/Größe.wav,c0,Müller\n'),
        Buffer.from('env/Größe2.wav,c1,"Ren\xe9e"\n', 'latin1'),
      ]),
    ['env/Größe.wav', 'env/Größe2.wav'],
  );
  const { rows, problems, warnings } = readManifest(file);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    rows.slice(8).map((row) => [row.path, row.group]),
    [
      ['env/Größe.wav', 'Müller'],
      ['env/Größe2.wav', 'Renée'],
    ],
  );
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^1 lines \(the first: line 11\) are not UTF-8 and were read as Windows-1252/);
});

test('what is not text is named in one sentence', () => {
  const refused = (bytes: Buffer, message: RegExp): void => {
    const file = eight(() => bytes);
    assert.throws(() => readManifest(file), message);
  };
  refused(Buffer.from('PK\x03\x04 and more'), /m\.csv: is a compressed workbook .*save it as CSV/);
  refused(Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), /is an Excel 97-2003 workbook/);
  refused(Buffer.from([0x1f, 0x8b, 8, 0]), /is compressed \(gzip\)/);
});

test('names in another normal form and paths without extension are found, if there is one meaning', () => {
  const decomposed = 'Zoe\u0308/e\u0301te\u0301.wav';
  const file = eight(
    (lines) =>
      [
        ...lines,
        `env/${decomposed.normalize('NFC')},c0,a`,
        'clips/common_voice_en_1,c1,b',
        'clips/twice,c0,c',
        'clips/LOUD,c1,d',
        'env\\windows.wav,c1,e',
        'clips/common_voice_en_2.mp3,c0,f',
        '',
      ].join('\n'),
    [
      `env/${decomposed.normalize('NFD')}`,
      ...['clips/common_voice_en_1.mp3', 'clips/common_voice_en_1.txt', 'clips/twice.mp3', 'clips/twice.wav'],
      ...['clips/LOUD.WAV', 'env/windows.wav', 'clips/common_voice_en_2.mp3'],
    ],
  );
  const { rows, problems } = readManifest(file);
  const root = path.dirname(file);
  assert.deepEqual(
    rows.slice(8).map((row) => [row.path, path.relative(root, row.file)]),
    [
      [`env/${decomposed.normalize('NFC')}`, `env/${decomposed.normalize('NFD')}`],
      ['clips/common_voice_en_1', 'clips/common_voice_en_1.mp3'],
      ['clips/LOUD', 'clips/LOUD.WAV'],
      ['env\\windows.wav', 'env/windows.wav'],
      ['clips/common_voice_en_2.mp3', 'clips/common_voice_en_2.mp3'],
    ],
  );
  assert.deepEqual(
    problems.map(({ path: written, reason }) => [written, reason]),
    [['clips/twice', 'could be twice.mp3 or twice.wav; write the path with its extension']],
  );
});

test('a manifest of someone else learns nothing of files outside of its folder', () => {
  const file = eight((lines) => [...lines, '../outside,c0,x', '../nothing,c0,x', ''].join('\n'));
  fs.writeFileSync(path.join(folder, 'outside.wav'), '');
  const { problems } = readManifest(file, { paths: 'inside' });
  assert.deepEqual(new Set(problems.map(({ reason }) => reason)).size, 1);
  assert.match(problems[0]!.reason, /lies outside/);
});

test('class names that are words of the language, or very long, are names like any other', () => {
  const labels = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'x'.repeat(300), '鳥'];
  const file = eight((lines) =>
    [
      `${lines[0]},__proto__,constructor`,
      ...lines
        .slice(1)
        .map((line, i) => `${line.replace(/,c\d,/, `,${labels[i % labels.length]},`)},p${i},q${i}`),
    ].join('\n'),
  );
  const { rows, problems } = readManifest(file);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    rows.map(({ label }) => label),
    Array.from({ length: 8 }, (_, i) => labels[i % labels.length]),
  );
  assert.deepEqual(Object.entries(rows[3]!.extra), [
    ['__proto__', 'p3'],
    ['constructor', 'q3'],
  ]);
});
