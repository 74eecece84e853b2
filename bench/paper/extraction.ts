/**
 * What an extraction keeps and writes at the paper's size, features made up instead of computed: the journal with one line a
 * recording, its records, and then all result files.
 *
 *     tsx bench/paper/extraction.ts MANIFEST OUT JOURNALS
 */
import * as path from 'node:path';
import { sha256, sha256File } from 'research-basics/files';
import { readManifest } from 'stm-lab/dist/corpus';
import { recipeOf } from 'stm-lab/dist/features/extractor/compute';
import { openJournal } from 'stm-lab/dist/features/extractor/journal';
import { currentVersions, writeResults } from 'stm-lab/dist/features/extractor/results';
import { openTracker, readExperiment } from 'stm-lab/dist/pipeline';
import { extractionSettings } from 'stm-lab/dist/pipeline/featureSettings';
import { trackedRun } from 'stm-lab/dist/stages/context';
import { paperFeatures } from './corpus';

const [file, out, journalFolder] = process.argv.slice(2) as [string, string, string];

function extraction(): { features: string; index: string; manifest: string } {
  const manifest = readManifest(file, { files: 'trust' });
  const recipe = recipeOf({});
  const { rowLength } = recipe.description;
  const journal = openJournal(path.join(out, '.work'), rowLength);
  const fill = paperFeatures(rowLength);
  const features = new Float32Array(rowLength);
  const classes = [...new Set(manifest.rows.map(({ label }) => label))];
  let kept = 0;
  const items = manifest.rows.map((row, number) => {
    const key = sha256(row.path);
    const hash = sha256(key);
    const outcome = { excerpts: 2, analysedSeconds: 8, longestSilenceSeconds: 0.1 };
    if (journal.find(key) !== undefined) kept++;
    else {
      fill(
        { classNumber: classes.indexOf(row.label), groupNumber: Number(/\d+$/.exec(row.group)) },
        number,
        features,
      );
      journal.add({ key, hash, stamp: `stub ${number}`, outcome, features });
    }
    return { row, outcome, key, hash };
  });
  console.error(`extract: ${items.length} recordings, ${kept} of them kept from before`);
  const { files, featuresHash } = writeResults(out, items, (key) => journal.features(key), {
    ...recipe,
    versions: currentVersions(),
  });
  journal.close();
  return { features: featuresHash, index: sha256File(files.index), manifest: manifest.hash };
}

const preset = readExperiment(path.join(__dirname, 'preset.json'));
const tracker = openTracker({ experiment: preset.name, journalFolder, mode: 'offline' });
const settings = sha256(extractionSettings(preset.features));
const request = {
  name: 'extract',
  key: 'extract',
  params: {},
  tags: { 'stm.stage': 'extract', 'stm.settings': settings },
};
void trackedRun({ tracker }, request, (run) => {
  const { features, index, manifest } = extraction();
  run?.setTags({ 'stm.manifest': manifest, 'stm.features': features, 'stm.index': index });
  return Promise.resolve();
}).finally(() => tracker.close());
