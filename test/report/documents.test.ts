import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import {
  escapeLatex,
  reportHtml,
  reportLatex,
  reportMarkdown,
  saveReport,
  tableLatex,
  type LatexTableOptions,
  type ReportDocument,
} from 'stm-lab/dist/report';

const report: ReportDocument = {
  title: 'A & B <report>',
  subtitle: '100 % of_it',
  sections: [
    {
      title: 'Scores',
      paragraphs: ['a|b'],
      figures: [],
      tables: [
        {
          id: 'scores',
          caption: 'Caption',
          columns: [
            { key: 'name', title: 'name' },
            { key: 'f1', title: 'F1', best: 'highest' },
            { key: 'loss', title: 'loss', best: 'lowest', decimals: 1 },
            { key: 'count', title: 'n', decimals: 0 },
          ],
          rows: [
            {
              name: 'x_1',
              f1: { value: 0.81249, low: 0.7, high: 0.9, run: 'abc', metric: 'macro_f1' },
              loss: { value: 2 },
            },
            { name: 'y|2', f1: { value: 0.8125 }, loss: { value: -1.25 }, count: { value: 12 } },
            { name: 'z', f1: { value: 0.81214 } },
          ],
          source: { runs: ['abc', 'def'], command: 'stm-lab evaluate --out a_b' },
        },
      ],
    },
  ],
};

test('best values are bold as printed: of equal ones all, and lowest where lower is better', () => {
  const strong = [...reportHtml(report).matchAll(/<strong>([^<]*)<\/strong>/g)].map((match) => match[1]);
  assert.deepEqual(strong, ['0.813', '−1.3']);
  const bold = [...reportLatex(report).matchAll(/\\textbf\{([^}]*)\}/g)].map((match) => match[1]);
  assert.deepEqual(bold, ['0.813', '$-$1.3']);
});

test('equal best values are all bold; rows that cannot be compared with the others never are', () => {
  const [section] = report.sections;
  const [table] = section!.tables;
  const rows = [
    { name: 'a', f1: { value: 0.5001 } },
    { name: 'b', f1: { value: 0.4999 } },
    { name: 'c', f1: { value: 0.4 } },
  ];
  const bold = (incomparable: readonly number[]): string[] | null =>
    reportMarkdown({
      ...report,
      sections: [{ ...section!, tables: [{ ...table!, rows, incomparable }] }],
    }).match(/\*\*0\.\d+\*\*/g);
  assert.deepEqual(bold([]), ['**0.500**', '**0.500**']);
  assert.deepEqual(bold([0]), ['**0.500**']);
  assert.deepEqual(bold([0, 1]), null);
});

test('HTML: every number carries its whole value and where it is held; text is escaped', () => {
  const html = reportHtml(report);
  assert.match(
    html,
    /data-value="0\.81249" data-low="0\.7" data-high="0\.9" data-run="abc" data-metric="macro_f1"/,
  );
  assert.match(html, /<title>A &amp; B &lt;report&gt;<\/title>/);
  assert.match(html, /Runs abc, def; command: stm-lab evaluate --out a_b/);
  assert.doesNotMatch(html, /https?:|<script/);
});

test('Markdown: a table with escaped bars, numbers to the right, nothing as a dash', () => {
  const lines = reportMarkdown(report).split('\n');
  const at = lines.indexOf('| name | F1 | loss | n |');
  assert.ok(at > 0);
  assert.deepEqual(lines.slice(at + 1, at + 5), [
    '| --- | ---: | ---: | ---: |',
    '| x\\_1 | 0.812 [0.700, 0.900] | 2.0 | – |',
    '| y\\|2 | **0.813** | **−1.3** | 12 |',
    '| z | 0.812 | – | – |',
  ]);
});

test('LaTeX: a booktabs table, what LaTeX acts on escaped', () => {
  const tex = reportLatex(report);
  for (const rule of ['\\toprule', '\\midrule', '\\bottomrule', '\\begin{tabular}{lrrr}'])
    assert.ok(tex.includes(rule));
  assert.ok(tex.includes('x\\_1 & 0.812 {\\scriptsize [0.700, 0.900]} & 2.0 & – \\\\'));
  assert.ok(tex.includes('Runs abc, def; command: stm-lab evaluate -{}-out a\\_b'));
  assert.equal(
    escapeLatex('50 % #1 {a} \\b ~^ <> ± − é a--b "q" ``'),
    '50 \\% \\#1 \\{a\\} \\textbackslash{}b \\textasciitilde{}\\textasciicircum{} \\textless{}\\textgreater{} $\\pm$ $-$ é a-{}-b \\textquotedbl{}q\\textquotedbl{} \\textasciigrave{}\\textasciigrave{}',
  );
});

test('LaTeX of one table: columns in any order, row names, digits, a bare tabular, no source', async () => {
  const table = report.sections[0]!.tables[0]!;
  const options: LatexTableOptions = {
    layout: 'tabular',
    columns: ['n', 'F1'],
    digits: 2,
    source: false,
    rowNames: { x_1: 'ours & more', z: 'constructor' },
  };
  assert.equal(
    tableLatex(table, options),
    [
      '\\begin{tabular}{lrr}',
      '\\toprule',
      'name & n & F1 \\\\',
      '\\midrule',
      'ours \\& more & – & \\textbf{0.81} {\\scriptsize [0.70, 0.90]} \\\\',
      'y\\textbar{}2 & 12 & \\textbf{0.81} \\\\',
      'constructor & – & \\textbf{0.81} \\\\',
      '\\bottomrule',
      '\\end{tabular}',
    ].join('\n'),
  );
  const float = tableLatex(table, { source: false });
  assert.match(float, /\\caption\{Caption\}\\label\{tab:scores\}/);
  assert.match(tableLatex(table), /Runs abc, def/);
  assert.throws(
    () => tableLatex(table, { columns: ['accuracy'] }),
    /has no column "accuracy"; .* F1, loss, n$/,
  );
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-tables-'));
  try {
    await saveReport(report, folder, { formats: ['tex'], tables: options });
    assert.equal(
      fs.readFileSync(path.join(folder, 'tables', 'scores.tex'), 'utf8'),
      `${tableLatex(table, options)}\n`,
    );
    await assert.rejects(
      saveReport(report, folder, { tables: { columns: ['accuracy'] } }),
      /no table of the report has a column "accuracy"; there are F1; loss; n/,
    );
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

/** A report whose classes are called like this. */
const reportOn = (labels: readonly string[]): ReportDocument => ({
  title: `Classes ${labels[0]}`,
  subtitle: labels.join(' '),
  sections: [
    {
      title: `Section ${labels[1]}`,
      paragraphs: [],
      figures: [],
      tables: [
        {
          id: 'classes',
          caption: labels.slice(0, 9).join(' '),
          columns: [
            { key: 'class', title: labels[2]! },
            ...labels.map((label) => ({ key: label, title: 'F1' })),
          ],
          rows: labels.map((label) => ({ class: label, constructor: undefined, C: { value: 0.5 } })),
          source: { runs: [] },
        },
      ],
    },
  ],
});

const LABELS = [
  ...['C', 'C#', 'птицы', '鳥', '🐦', 'हिन्दी', 'طيور', 'constructor', '__proto__', 'a--b', 'a–b', "''", '``'],
  ...[
    'a & b % $ # _ { } ~ ^ \\',
    'two\n\nlines',
    '\u0007',
    'ħ',
    '€',
    '<=',
    '≤',
    '?`',
    'x'.repeat(300),
    '鳥'.repeat(90),
  ],
];

test('no character of a label is lost or changed for another, in any format', () => {
  const report = reportOn(LABELS);
  for (const text of ['птицы', '鳥', '🐦', 'constructor', 'C#'])
    assert.ok(reportHtml(report).includes(`<td>${text}</td>`), text);
  assert.ok(reportMarkdown(report).includes('| C\\# |'));
  const tex = reportLatex(report);
  for (const text of ['птицы', '鳥', '🐦', 'constructor', 'C\\#', '\\stmcode{0007}'])
    assert.ok(tex.includes(`\n${text} & `), text);
  assert.equal(new Set(LABELS.map(escapeLatex)).size, LABELS.length);
  assert.ok(tex.includes('\\stmdeclare{1F426}'));
  assert.doesNotMatch(tex, /\?[^`{]/);
  assert.doesNotMatch(
    reportLatex(reportOn(['a', 'b', 'c'])),
    /stmdeclare/,
    'nothing is declared without need',
  );
  // A cell that a row does not have is none of every object's own.
  assert.doesNotMatch(reportHtml(report) + tex, /native code|\[object/);
});

for (const engine of ['pdflatex', 'xelatex', 'lualatex'])
  test(
    `${engine} compiles labels of any script`,
    {
      skip:
        spawnSync(engine, ['--version']).status === 0
          ? false
          : `SKIPPED: no ${engine} (apt-get install texlive-xetex texlive-luatex)`,
    },
    () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-latex-'));
      fs.writeFileSync(path.join(folder, 'report.tex'), reportLatex(reportOn(LABELS)));
      const { status, stdout } = spawnSync(
        engine,
        ['-interaction=nonstopmode', '-halt-on-error', 'report.tex'],
        {
          cwd: folder,
          encoding: 'utf8',
        },
      );
      assert.equal(status, 0, stdout.slice(-3000));
      assert.doesNotMatch(stdout, /Missing character/);
      assert.match(stdout, /Output written on report\.pdf/);
      fs.rmSync(folder, { recursive: true });
    },
  );
