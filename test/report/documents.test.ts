import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  escapeLatex,
  reportHtml,
  reportLatex,
  reportMarkdown,
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

test('equal best values are all bold', () => {
  const [section] = report.sections;
  const [table] = section!.tables;
  const rows = [
    { name: 'a', f1: { value: 0.5001 } },
    { name: 'b', f1: { value: 0.4999 } },
    { name: 'c', f1: { value: 0.4 } },
  ];
  const tied = { ...report, sections: [{ ...section!, tables: [{ ...table!, rows }] }] };
  assert.equal(reportMarkdown(tied).match(/\*\*0\.500\*\*/g)!.length, 2);
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
  assert.ok(tex.includes('Runs abc, def; command: stm-lab evaluate --out a\\_b'));
  assert.equal(
    escapeLatex('50 % #1 {a} \\b ~^ <> ± − é 漢'),
    '50 \\% \\#1 \\{a\\} \\textbackslash{}b \\textasciitilde{}\\textasciicircum{} \\textless{}\\textgreater{} $\\pm$ $-$ é ?',
  );
});
