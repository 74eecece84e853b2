import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { createMlflowClient } from 'mlflow-tracking-client';
import { readCsv } from 'stm-lab/dist/base/csv';
import { escapeHtml } from 'stm-lab/dist/base/html';
import { escapeLatex } from 'stm-lab/dist/report';
import { stmLabAt, temporaryFolder, tinyCorpus, tinyExperiment } from '../pipeline/support';
import { noServer, startServer } from '../tracking/support';

const LABELS = ['птицы', '鳥', '🐦', 'C', 'C#', 'constructor', '__proto__', 'x'.repeat(300)];

test(
  'labels of any script keep their names from the manifest to MLflow and the report',
  { skip: noServer },
  async () => {
    const folder = temporaryFolder('labels');
    const server = await startServer(folder);
    const client = createMlflowClient(server.uri);
    try {
      const manifest = tinyCorpus(path.join(folder, 'corpus'), { labels: LABELS, groups: 4, takes: 1 });
      const chosen = ['--manifest', manifest, '--experiment', tinyExperiment(folder), '--results', folder];
      const made = stmLabAt(server.uri, 'reproduce', ...chosen, '--notebooks', 'skip');
      assert.equal(made.code, 0, made.err);
      const written = stmLabAt(server.uri, 'report', ...chosen, '--out', path.join(folder, 'report'));
      assert.equal(written.code, 0, written.err);

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

      const read = (name: string): string => fs.readFileSync(path.join(folder, 'report', name), 'utf8');
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
    } finally {
      client.close();
      await server.stop();
    }
  },
);
