import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { readCsv } from 'stm-lab/dist/base/csv';
import { escapeHtml } from 'stm-lab/dist/base/html';
import { escapeLatex } from 'stm-lab/dist/report';
import { createMlflowClient, type LocalServer, type MlflowClient } from 'mlflow-tracking-client';
import { stmLabAt, temporaryFolder, tinyCorpus, tinyExperiment } from '../pipeline/support';
import { noBrowser, startBrowser } from '../tracking/browser';
import { noServer, startServer } from '../tracking/support';

/** Of any script, and such as mean something to a format or to JavaScript. */
const LABELS = ['птицы', '鳥', '🐦', 'C', 'C#', 'constructor', '__proto__', 'x'.repeat(300)];

/** Elements of a page that reach beyond its width, or whose content reaches beyond theirs. */
const BEYOND = `[...document.querySelectorAll('body *')].filter((element) => !element.parentElement.closest('svg')).filter((element) =>
  element.getBoundingClientRect().right > document.documentElement.clientWidth + 1 ||
  (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1)).map((element) => element.outerHTML.slice(0, 80))`;

let folder = '';
let server: LocalServer;
let client: MlflowClient;
const at = (name: string): string => path.join(folder, 'report', name);
const read = (name: string): string => fs.readFileSync(at(name), 'utf8');

before(async () => {
  if (noServer !== false) return;
  folder = temporaryFolder('report');
  server = await startServer(folder);
  client = createMlflowClient(server.uri);
  const manifest = tinyCorpus(path.join(folder, 'corpus'), { labels: LABELS, groups: 4, takes: 1 });
  const chosen = ['--manifest', manifest, '--preset', tinyExperiment(folder), '--results', folder];
  const made = stmLabAt(server.uri, 'reproduce', ...chosen, '--notebooks', 'skip');
  assert.equal(made.code, 0, made.err);
  const written = stmLabAt(server.uri, 'report', ...chosen, '--out', path.join(folder, 'report'));
  assert.equal(written.code, 0, written.err);
  assert.match(written.out, /report\.html\n/);
});

after(async () => {
  client?.close();
  await server?.stop();
});

test('every number in the tables is the metric that MLflow holds', { skip: noServer }, async () => {
  const cells = [...read('report.html').matchAll(/<td[^>]*data-value="([^"]*)"([^>]*)>(.*?)<\/td>/g)].map(
    ([, value, rest, shown]) => ({
      value: Number(value),
      run: /data-run="([^"]*)"/.exec(rest!)?.[1],
      metric: /data-metric="([^"]*)"/.exec(rest!)?.[1],
      low: /data-low="([^"]*)"/.exec(rest!)?.[1],
      shown: shown!.replace(/<[^>]*>/g, ''),
    }),
  );
  const looked = cells.filter(({ run }) => run !== undefined);
  // Two scored sets of 5 + 3 scores and 8 classes, seven cells of 4, four trials, three facts of the training.
  assert.ok(looked.length >= 2 * 16 + 7 * 4 + 4 + 3, `only ${looked.length} numbers with a run`);
  assert.ok(looked.filter(({ low }) => low !== undefined).length >= 10, 'intervals are shown');
  for (const { value, run, metric, low, shown } of looked) {
    const { metrics } = await client.getRun(run!);
    assert.equal(metrics[metric!], value, `${metric} of ${run}`);
    if (low !== undefined) assert.equal(metrics[`${metric}_low`], Number(low), `${metric}_low of ${run}`);
    const decimals = shown.split(' ')[0]!.split('.')[1]?.length ?? 0;
    assert.equal(shown.split(' ')[0], value.toFixed(decimals).replace('-', '−'));
  }
});

test('figures are drawn from the same metrics', { skip: noServer }, async () => {
  const experiment = (await client.getExperiment('stm-lab/corpus/tiny'))!;
  const runs = await client.searchRuns([experiment.id], { filter: "attributes.status = 'FINISHED'" });
  const figure = (id: string): string[] =>
    [
      ...new RegExp(`<figure id="${id}">([\\s\\S]*?)</svg>`)
        .exec(read('report.html'))![1]!
        .matchAll(/<text[^>]*>([^<]*)</g),
    ].map((match) => match[1]!);
  const scores = figure('scores');
  const evaluated = runs.find(({ name }) => name === 'evaluate')!;
  for (const metric of ['test_macro_f1', 'test_uar', 'test_macro_roc_auc'])
    assert.ok(scores.includes(evaluated.metrics[metric]!.toFixed(3)), `${metric} is not in the figure`);
  const cells = runs.filter(({ tags }) => tags['stm.stage'] === 'ablation-cell');
  assert.equal(cells.length, 7);
  for (const [id, pass] of [
    ['ablation', 'low'],
    ['ablation-complements', 'not-low'],
  ] as const) {
    const drawn = cells.filter(
      ({ params }) => params['pass'] === pass && 'rateHz' in params && 'scaleCycPerOct' in params,
    );
    assert.equal(drawn.length, 1);
    for (const { name, metrics } of drawn)
      assert.ok(
        figure(id).includes(metrics['macro_f1']!.toFixed(3).replace(/^0/, '')),
        `${name} is not in the figure`,
      );
  }
});

test(
  'labels of any script keep their names from the manifest to MLflow and the report',
  { skip: noServer },
  async () => {
    const experiment = (await client.getExperiment('stm-lab/corpus/tiny'))!;
    const runs = await client.searchRuns([experiment.id], { filter: "attributes.status = 'FINISHED'" });
    for (const [stage, prefix] of [
      ['evaluate', 'test_f1/'],
      ['cross-validate', 'cv_f1/'],
    ] as const) {
      const { metrics, tags } = runs.find((run) => run.tags['stm.stage'] === stage)!;
      const names = Object.keys(metrics).filter((name) => name.startsWith(prefix));
      const labels = names
        .map((name) => name.slice(prefix.length))
        .map((name) => tags[`stm.label.${name}`] ?? name);
      assert.deepEqual(new Set(labels), new Set(LABELS), stage);
      assert.equal(labels.length, LABELS.length);
      for (const own of ['птицы', '鳥', 'C', 'constructor'])
        assert.ok(names.includes(`${prefix}${own}`), own);
    }

    for (const label of LABELS) {
      assert.ok(read('report.html').includes(`<td>${escapeHtml(label)}</td>`), label);
      assert.ok(read('report.tex').includes(`\n${escapeLatex(label)} & `), label);
      assert.ok(read('report.md').includes(`| ${label.replace(/([#_])/g, '\\$1')} |`), label);
    }
    const own = path.join(folder, 'corpus', 'tiny');
    const predictions = readCsv(path.join(own, 'cross-validation', 'predictions.csv'));
    assert.deepEqual(new Set(predictions.rows.map((row) => row['label'])), new Set(LABELS));
    for (const label of LABELS) assert.ok(predictions.columns.includes(`p(${label})`), label);
    const confusion = fs.readFileSync(path.join(own, 'figures', 'confusion.svg'), 'utf8');
    for (const label of LABELS.slice(0, -1)) assert.ok(confusion.includes(`>${label}</text>`), label);
    assert.match(confusion, />x{20,}…<\/text>/, 'a long label is cut, and says so');
  },
);

test('captions name the runs and the command that made them', { skip: noServer }, () => {
  const html = read('report.html');
  const summary = /<p class="summary">([^<]*)</.exec(html)![1]!;
  assert.match(
    summary,
    /^The network's macro-F1 is 0\.\d{3} \(95 % interval 0\.\d{3} to \d\.\d{3}\) in cross-/,
  );
  assert.match(summary, /Of 6 networks trained on parts of the modulation plane, \d score below /);
  assert.match(summary, /held by the runs cross-validate [0-9a-f]{32}, evaluate [0-9a-f]{32}, ablate/);
  assert.match(summary, /Caveats: intervals come from resampling groups of these recordings/);
  assert.match(html, /Runs [0-9a-f]{32}, [0-9a-f]{32}; command: stm-lab reproduce --manifest/);
  assert.doesNotMatch(html, new RegExp(path.dirname(folder)), 'no folder of this machine');
});

test('the HTML opens by itself: nothing is loaded, no error', { skip: noServer || noBrowser }, async () => {
  const asked: string[] = [];
  const page = http.createServer((request, response) => {
    asked.push(request.url!);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(read('report.html'));
  });
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  const browser = await startBrowser();
  try {
    const { port } = page.address() as { port: number };
    const text = await browser.open(`http://127.0.0.1:${port}/`, /Ablation of the modulation plane/);
    assert.match(text, /latest finished run of each stage/);
    assert.match(text, /Low-pass/, 'the figures are there');
    assert.deepEqual(asked, ['/'], 'one request, for the page itself');
    // A desktop, a phone, a sheet of A4 within its margins.
    for (const [width, media] of [
      [1200, 'screen'],
      [390, 'screen'],
      [718, 'print'],
    ] as const) {
      await browser.media(media);
      await browser.resize(width, 900);
      assert.deepEqual(await browser.evaluate(BEYOND), [], `beyond ${width} px (${media})`);
    }
    assert.doesNotMatch(read('report.html'), /(src|href)="(?!data:)/);
    assert.deepEqual(browser.errors, []);
  } finally {
    await browser.close();
    page.close();
  }
});

const noLatex =
  spawnSync('pdflatex', ['--version']).status === 0
    ? false
    : 'SKIPPED: no pdflatex (apt-get install texlive-latex-base)';
test('the LaTeX compiles, with all figures', { skip: noServer || noLatex }, () => {
  const compile = (): { status: number | null; stdout: string } =>
    spawnSync('pdflatex', ['-interaction=nonstopmode', '-halt-on-error', 'report.tex'], {
      cwd: at(''),
      encoding: 'utf8',
    });
  // The second run knows how wide the tables are.
  compile();
  const { status, stdout } = compile();
  assert.equal(
    status,
    0,
    stdout
      .split('\n')
      .filter((line) => /^!|^l\./.test(line))
      .join('\n'),
  );
  assert.match(stdout, /Output written on report\.pdf \(\d+ pages/);
  assert.doesNotMatch(stdout, /Missing character|Overfull .hbox .\d{2,}/);
});

test('an experiment that is missing is named with those that are', { skip: noServer }, () => {
  const { code, err } = stmLabAt(server.uri, 'report', '--mlflow-experiment', 'nowhere', '--out', at('x'));
  assert.equal(code, 2);
  assert.match(err, /no experiment "nowhere"; it has .*stm-lab\/corpus\/tiny/);
  assert.match(
    stmLabAt(server.uri, 'report', '--formats', 'html,doc').err,
    /"doc" must be one of html, md, tex/,
  );
});
