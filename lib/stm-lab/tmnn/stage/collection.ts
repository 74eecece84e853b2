import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  buildManifest,
  readCorpusDescription,
  readManifest,
  type Clip,
  type ClipCollection,
  loadMagnaTagATune,
  loadSpeechCommands,
} from '../../corpus';
import { inputError } from 'research-basics/errors';
import { compareCodePoints } from '../../base/codePoints';
import { stratifiedGroupKFold } from '../../splits';
import { shippedFolder } from '../../stages/home';
import type { TmnnExperiment } from './experiment';

type Labelled = Omit<Clip, 'part'> & { readonly label: string };

/**
 * The clips of an experiment with the parts that a seed uses. Collections without a split of their own
 * are divided by groups: whole speakers, artists or places are held out.
 *
 * @param root folder of the collection, or a manifest file for `manifest`.
 * @throws UserError (`input`) as the loaders.
 */
export function collectClips(experiment: TmnnExperiment, root: string, seed: number): ClipCollection {
  const { data } = experiment;
  if (data.kind === 'magnatagatune')
    return loadMagnaTagATune(root, data.tags === undefined ? {} : { tags: data.tags });
  if (data.kind === 'speech-commands') return loadSpeechCommands(root);
  const { outputs, task, labelled, notes } =
    data.kind === 'manifest' ? manifestTags(root) : corpusClasses(experiment, root);
  const kept = thinned(labelled, data.clipsPerGroupAndLabel);
  return { outputs, task, notes, clips: inParts(kept, data, seed) };
}

interface Unparted extends Pick<ClipCollection, 'outputs' | 'task' | 'notes'> {
  readonly labelled: readonly Labelled[];
}

/** "music: vocal" bears the tags "music" and "vocal". */
function manifestTags(file: string): Unparted {
  if (fs.existsSync(path.join(file, 'annotations_final.csv')))
    throw inputError(
      `${file}: is the folder of MagnaTagATune; add --preset magnatagatune, or give a manifest`,
    );
  const { rows, problems } = readManifest(file);
  const tagsOf = (label: string): string[] => label.split(':').map((part) => part.trim());
  const outputs = [...new Set(rows.flatMap(({ label }) => tagsOf(label)))].sort(compareCodePoints);
  return {
    outputs,
    task: 'tags',
    labelled: rows.map((row) => ({
      file: row.file,
      name: row.path,
      group: row.group,
      label: row.label,
      outputs: tagsOf(row.label).map((tag) => outputs.indexOf(tag)),
    })),
    notes: problems.map(({ path: name, reason }) => `${name}: ${reason}`),
  };
}

function corpusClasses({ name, data }: TmnnExperiment, root: string): Unparted {
  if (data.corpus === undefined)
    throw inputError(`experiment ${name}: data.corpus is missing; name one of data-manifests/`);
  const description = readCorpusDescription(shippedFolder('data-manifests'), data.corpus);
  const { rows, warnings } = buildManifest(description, root);
  const outputs = [...new Set(rows.map(({ label }) => label))].sort(compareCodePoints);
  return {
    outputs,
    task: 'classes',
    labelled: rows.map((row) => ({
      file: path.join(root, row.path),
      name: row.path,
      group: row.group,
      label: row.label,
      outputs: [outputs.indexOf(row.label)],
    })),
    notes: warnings,
  };
}

/** At most `count` clips of each group and label, evenly spread over their names in order. */
function thinned(clips: readonly Labelled[], count: number | undefined): readonly Labelled[] {
  if (count === undefined) return clips;
  const cells = new Map<string, Labelled[]>();
  for (const clip of [...clips].sort((a, b) => compareCodePoints(a.name, b.name))) {
    const key = JSON.stringify([clip.group, clip.label]);
    cells.set(key, [...(cells.get(key) ?? []), clip]);
  }
  return [...cells.values()].flatMap((cell) =>
    cell.length <= count
      ? cell
      : Array.from({ length: count }, (_, i) => cell[Math.floor((i * cell.length) / count)]!),
  );
}

function inParts(
  clips: readonly Labelled[],
  { folds = 3, validationFolds = 4 }: TmnnExperiment['data'],
  seed: number,
): Clip[] {
  const tested = (seed - 1) % folds;
  const divide = (rows: readonly Labelled[], count: number): Int32Array =>
    stratifiedGroupKFold({
      labels: rows.map(({ label }) => label),
      groups: rows.map(({ group }) => group),
      folds: count,
    });
  const fold = divide(clips, folds);
  const rest = clips.filter((_, row) => fold[row] !== tested);
  const inner = divide(rest, validationFolds);
  const validates = new Set(rest.filter((_, row) => inner[row] === 0));
  return clips.map(({ label: _label, ...clip }, row) => ({
    ...clip,
    part: fold[row] === tested ? 'test' : validates.has(clips[row]!) ? 'validation' : 'train',
  }));
}
