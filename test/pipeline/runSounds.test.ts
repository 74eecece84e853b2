import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { regionName } from 'stm-lab/dist/ablation';
import { writeWav } from 'stm-lab/dist/audio';
import { openTracker } from 'stm-lab/dist/pipeline';
import { logCellSounds, logPredictedSounds } from 'stm-lab/dist/pipeline/runSounds';
import { createMlflowClient, openArtifactStore, startLocalServer } from 'mlflow-tracking-client';
import { noBrowser, startBrowser } from '../tracking/browser';
import { noServer, temporaryFolder } from '../tracking/support';

const folder = temporaryFolder();
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const names = ['a/1.wav', 'a/2.wav', 'b <1>.wav', 'gone.wav'];
const files = new Map(
  names.map((name, i) => [name, { file: path.join(folder, `${i}.wav`), startSeconds: i === 0 ? 0.5 : 0 }]),
);
names.slice(0, 3).forEach((_, i) =>
  writeWav(
    path.join(folder, `${i}.wav`),
    Float32Array.from(
      { length: 16000 },
      (_x, n) => 0.3 * Math.sin((2 * Math.PI * 300 * (i + 1) * n) / 16000),
    ),
    16000,
  ),
);
const regions = [
  { pass: 'low', rateHz: 4 },
  { pass: 'not-low', scaleCycPerOct: 2 },
] as const;
const predictions = {
  paths: names,
  y: [0, 0, 1, 1],
  probabilities: Float32Array.of(0.9, 0.1, 0.2, 0.8, 0.4, 0.6, 0.7, 0.3),
  classes: ['speech', 'env & co'],
};

test(
  'runs carry pages that play what is most wrong, what is most typical, and what each cell keeps; MLflow plays them',
  { skip: noServer, timeout: 180_000 },
  async () => {
    const server = await startLocalServer({ folder: path.join(folder, 'mlflow') });
    const warnings: string[] = [];
    const tracker = openTracker({
      experiment: 'sounds',
      journalFolder: path.join(folder, 'tracking'),
      uri: server.uri,
      mode: 'online',
    });
    const context = {
      tracker,
      fileOf: (name: string) => files.get(name),
      warn: (line: string) => warnings.push(line),
    };
    try {
      const run = tracker.startRun({ name: 'evaluate' });
      await logPredictedSounds(run, context, predictions);
      const rows = names
        .slice(0, 3)
        .map((name, i) => ({ path: name, label: predictions.classes[predictions.y[i]!]! }));
      const pages = path.join(folder, 'sounds');
      const files = (): string[] => fs.readdirSync(pages).map((name) => path.join(pages, name));
      await logCellSounds(run, context, regions, rows, pages);
      const first = files().map((file) => fs.readFileSync(file));
      assert.equal(first.length, regions.length);
      // What is there is reused; what is damaged is made again, with the same bytes.
      fs.truncateSync(files()[0]!, 1000);
      fs.utimesSync(files()[1]!, 1, 1);
      await logCellSounds(run, context, regions, rows, pages);
      assert.deepEqual(
        files().map((file) => fs.readFileSync(file)),
        first,
      );
      assert.equal(fs.statSync(files()[1]!).mtimeMs, 1000);
      run.end();
      await tracker.close();
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, /3\.wav/);

      const client = createMlflowClient(server.uri);
      const { id } = (await client.getExperiment('sounds'))!;
      const [held] = await client.searchRuns([id]);
      const store = openArtifactStore(client, held!.artifactUri);
      const read = async (name: string): Promise<string> => {
        await store.get(name, path.join(folder, 'back.html'));
        return fs.readFileSync(path.join(folder, 'back.html'), 'utf8');
      };
      const html = await read('sounds.html');
      // Of the two that are wrong one is missing on the disk; both classes have a typical one.
      assert.match(html, /a\/2\.wav: speech \(20 %\), classified as env &amp; co \(80 %\)/);
      assert.match(html, /Most typical: env &amp; co.*b &lt;1&gt;\.wav/s);
      assert.equal(html.match(/<audio /g)!.length, 3);
      for (const region of regions) {
        const page = await read(`sounds/${regionName(region)}.html`);
        assert.equal(page.match(/<audio /g)!.length, 4, regionName(region));
      }
      client.close();
      if (noBrowser !== false) return;
      const browser = await startBrowser();
      try {
        await browser.open(`${server.uri}/#/experiments/${id}/runs/${held!.id}/artifacts`, /sounds\.html/);
        const place = await browser.evaluate(`(() => {
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            if (walker.currentNode.data.trim() !== 'sounds.html') continue;
            const { left, top, width, height } = walker.currentNode.parentElement.getBoundingClientRect();
            return [left + Math.min(30, width / 2), top + height / 2];
          }
        })()`);
        await browser.drag([place as [number, number]]);
        // MLflow shows the page in a frame that no other page may look into; what is in it is tried on its own.
        await browser.waitFor(`document.querySelector('iframe') !== null`);
        if (process.env['STM_SCREENSHOTS'])
          await browser.screenshot(path.join(process.env['STM_SCREENSHOTS'], 'mlflow-sounds.png'));
        const copy = path.join(folder, 'sounds.html');
        fs.writeFileSync(copy, html);
        await browser.open(pathToFileURL(copy).href, /Most wrong/);
        await browser.evaluate(`document.querySelector('audio').play()`);
        await browser.waitFor(`document.querySelector('audio').currentTime > 0.1`);
        assert.deepEqual(
          await browser.evaluate(
            `[...document.querySelectorAll('audio')].map(({ duration }) => duration.toFixed(2))`,
          ),
          ['1.00', '0.50', '1.00'],
        );
      } finally {
        await browser.close();
      }
    } finally {
      await server.stop();
    }
  },
);

test('where it is not known where recordings lie, no page is made', async () => {
  const tracker = openTracker({
    experiment: 'none',
    journalFolder: path.join(folder, 'none'),
    mode: 'offline',
  });
  const run = tracker.startRun({ name: 'evaluate' });
  await logPredictedSounds(run, { tracker }, predictions);
  run.end();
  await tracker.close();
  const text = fs
    .readdirSync(path.join(folder, 'none'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => fs.readFileSync(path.join(folder, 'none', name), 'utf8'))
    .join('');
  assert.doesNotMatch(text, /sounds\.html/);
});
