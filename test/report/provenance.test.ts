import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { createMlflowClient, type LocalServer, type MlflowClient } from 'mlflow-tracking-client';
import { sha256File } from 'research-basics/files';
import {
  COMMON_EXPERIMENT,
  evaluateStage,
  extractStage,
  openTracker,
  openProject,
  readExperiment,
  reduceStage,
  reportOf,
  splitStage,
  trainStage,
  type Project,
} from 'stm-lab/dist/pipeline';
import { reportMarkdown, type ReportDocument } from 'stm-lab/dist/report';
import { stmLab, temporaryFolder, tinyCorpus, tinyExperiment } from '../pipeline/support';
import { noServer, startServer } from '../tracking/support';

let folder = '';
let server: LocalServer;
let client: MlflowClient;
const told: string[] = [];

before(async () => {
  if (noServer !== false) return;
  folder = temporaryFolder('provenance');
  server = await startServer(folder);
  client = createMlflowClient(server.uri);
  process.env['MLFLOW_TRACKING_URI'] = server.uri;
});

after(async () => {
  delete process.env['MLFLOW_TRACKING_URI'];
  client?.close();
  await server?.stop();
});

/** Runs the stages of a report and returns the workbench, closed: its runs are on the server. */
async function worked(manifest: string, experiment: string): Promise<Project> {
  told.length = 0;
  const results = path.join(folder, 'results');
  const lab = await openProject({
    manifest,
    experiment,
    results,
    workers: 1,
    warn: (line) => told.push(line),
  });
  await lab.evaluate();
  await lab.crossValidate();
  await lab.ablate();
  await lab.close();
  return lab;
}

const documentOf = (lab: Project): Promise<ReportDocument> =>
  reportOf(client, {
    experiments: [lab.tracker.experiment],
    manifest: lab.manifest.hash,
    settings: lab.experiment,
  });

/** Ids of the runs that a report names, by stage. */
const runsOf = (document: ReportDocument): Record<string, string> =>
  Object.fromEntries(
    document.sections
      .at(-1)!
      .tables.find(({ id }) => id === 'runs')!
      .rows.map((row) => [row['stage'] as string, row['run'] as string]),
  );

/** The tiny experiment with other settings under the same name. */
function changedExperiment(): string {
  const whole = JSON.parse(fs.readFileSync(tinyExperiment(folder), 'utf8')) as {
    search: object;
    ablation: object;
  };
  const file = path.join(folder, 'changed', 'tiny.json');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const search = { ...whole.search, trials: 5 };
  fs.writeFileSync(
    file,
    JSON.stringify({ ...whole, search, ablation: { ...whole.ablation, passes: ['low'] } }),
  );
  return file;
}

test(
  'reports never mix corpora or settings, and reused results stand below each run that shows them',
  { skip: noServer },
  async () => {
    const experiment = tinyExperiment(folder);
    const manifests = ['a', 'b'].map((name) => tinyCorpus(path.join(folder, name, 'corpus'), { takes: 1 }));
    // The same names, other labels.
    fs.writeFileSync(manifests[1]!, fs.readFileSync(manifests[1]!, 'utf8').replaceAll('class ', 'kind '));
    // All in one MLflow experiment, as with a server that people share.
    process.env['MLFLOW_EXPERIMENT_NAME'] = 'shared';
    const first = await worked(manifests[0]!, experiment);
    const second = await worked(manifests[1]!, experiment);
    assert.equal(first.corpus, 'corpus');
    assert.match(second.corpus, /^corpus-[0-9a-f]{8}$/);
    assert.notEqual(first.folders.features, second.folders.features);
    const third = await worked(manifests[0]!, changedExperiment());
    assert.match(told.join('\n'), /^search: recomputed, since the settings changed: trials was 4 and is 5/m);
    assert.match(told.join('\n'), /^ablate: recomputed, since the settings changed: /m);
    delete process.env['MLFLOW_EXPERIMENT_NAME'];

    const documents = [await documentOf(first), await documentOf(second), await documentOf(third)];
    const [runsA, runsB, runsC] = documents.map(runsOf) as [
      Record<string, string>,
      Record<string, string>,
      Record<string, string>,
    ];
    const stages = ['extract', 'split', 'reduce', 'search', 'train', 'evaluate', 'cross-validate', 'ablate'];
    for (const runs of [runsA, runsB, runsC]) assert.deepEqual(Object.keys(runs), stages);
    for (const stage of stages) assert.notEqual(runsA[stage], runsB[stage], `${stage} of two corpora`);
    for (const stage of ['extract', 'split', 'reduce', 'cross-validate'])
      assert.equal(runsA[stage], runsC[stage], stage);
    assert.equal(runsA['search'], runsC['search'], 'trials are added to one study, which has one run');
    assert.notEqual(runsA['ablate'], runsC['ablate']);
    for (const [lab, document] of [first, second, third].map((lab, i) => [lab, documents[i]!] as const)) {
      const text = reportMarkdown(document);
      assert.match(
        document.subtitle,
        new RegExp(`manifest ${lab.manifest.hash.slice(0, 12)} and the settings [0-9a-f]{12}`),
      );
      assert.ok(text.includes(lab.manifest.hash), 'the whole hash is in the table');
      assert.equal(/\| kind 0 \|/.test(text), lab === second);
      assert.equal(/\| class 0 \|/.test(text), lab !== second);
    }
    const settings = documents.map(({ subtitle }) => /settings ([0-9a-f]{12})/.exec(subtitle)![1]);
    assert.equal(settings[0], settings[1]);
    assert.notEqual(settings[0], settings[2]);

    const { id } = (await client.getExperiment('shared'))!;
    const all = await client.searchRuns([id]);
    const below = (parent: string): typeof all =>
      all.filter(({ tags }) => tags['mlflow.parentRunId'] === parent);
    assert.equal(below(runsC['search']!).length, 5, 'each trial once');
    assert.equal(below(runsC['search']!).filter(({ tags }) => 'stm.reused' in tags).length, 0);
    const cells = below(runsC['ablate']!);
    assert.equal(cells.length, 6);
    assert.ok(cells.every(({ tags }) => 'stm.reused' in tags));
    assert.ok(cells.every(({ metrics, status }) => status === 'FINISHED' && 'macro_f1' in metrics));

    const otherwise = { ...readExperiment(experiment), features: { kind: 'mel' as const } };
    await assert.rejects(
      reportOf(client, { experiments: ['shared'], manifest: first.manifest.hash, settings: otherwise }),
      /no finished extraction of manifest [0-9a-f]{12} \(SHA-256\) with the features of "tiny"; it has runs of/,
    );
  },
);

test(
  'a lost weight, a lost component and a lost prediction are noticed and made again',
  { skip: noServer },
  async () => {
    const experiment = tinyExperiment(folder);
    const manifest = path.join(folder, 'a', 'corpus', 'manifest.csv');
    const lab = await worked(manifest, experiment);
    const bytes = (file: string): Buffer => fs.readFileSync(file);
    const model = path.join(lab.folders.model, 'model');
    const weight = path.join(
      model,
      fs.readdirSync(model).find((name) => name.endsWith('.npy'))!,
    );
    const component = path.join(lab.folders.reduction, 'components.npy');
    const before = [bytes(weight), bytes(component)];
    fs.rmSync(weight);
    fs.rmSync(component);
    await worked(manifest, experiment);
    assert.match(told.join('\n'), /^reduce: recomputed, since components\.npy is missing/m);
    assert.match(told.join('\n'), /^train: recomputed, since model\/.*\.npy is missing/m);
    assert.deepEqual([bytes(weight), bytes(component)], before);
    await worked(manifest, experiment);
    assert.doesNotMatch(told.join('\n'), /recomputed/);
  },
);

test('stages that were run one by one are found by the report', { skip: noServer }, async () => {
  const settings = readExperiment(tinyExperiment(folder));
  const manifest = path.join(folder, 'a', 'corpus', 'manifest.csv');
  const at = (name: string): string => path.join(folder, 'alone', name);
  const tracker = openTracker({ experiment: COMMON_EXPERIMENT, journalFolder: at('tracking') });
  const context = { tracker };
  const [features, split, reduction, model] = ['features', 'split', 'reduction', 'model'].map(at) as [
    string,
    string,
    string,
    string,
  ];
  await extractStage({ manifest, out: features, features: { kind: 'stm' }, workers: 1 }, context);
  await splitStage({ features, out: split, split: settings.split }, context);
  await reduceStage({ features, split, out: reduction, reduction: settings.reduction }, context);
  const { protocol, search } = settings;
  await trainStage(
    { reduction, split, out: model, model: settings.model, protocol, seed: search.seed },
    context,
  );
  await evaluateStage({ model, reduction, split, out: at('evaluation') }, context);
  await tracker.close();
  const request = { experiments: ['stm-lab/corpus/none', COMMON_EXPERIMENT], settings };
  const document = await reportOf(client, { ...request, manifest: sha256File(manifest) });
  assert.deepEqual(Object.keys(runsOf(document)), ['extract', 'split', 'reduce', 'train', 'evaluate']);
  // Another network on the same data is not the experiment's.
  const model2 = { ...settings.model, hidden: [{ units: 4 }] };
  const other = await reportOf(client, { ...request, settings: { ...settings, model: model2 } });
  assert.deepEqual(Object.keys(runsOf(other)), ['extract', 'split', 'reduce']);
});

test('a figure that cannot be drawn is named, with the reason and exit 1', () => {
  const whole = JSON.parse(fs.readFileSync(tinyExperiment(temporaryFolder('figure')), 'utf8')) as object;
  const file = path.join(temporaryFolder('figure'), 'plain.json');
  fs.writeFileSync(file, JSON.stringify({ ...whole, reduction: { method: 'none', components: 1 } }));
  const corpus = tinyCorpus(path.join(path.dirname(file), 'corpus'), { takes: 1 });
  const { code, out, err } = stmLab(
    ...['figures', 'explained-variance', '--manifest', corpus, '--preset', file],
    ...['--results', path.join(path.dirname(file), 'results')],
  );
  assert.equal(code, 1, err);
  assert.equal(out, '');
  assert.match(err, /figure explained-variance is left out: .*reduces nothing/);
});
