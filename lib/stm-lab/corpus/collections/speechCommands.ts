import * as fs from 'node:fs';
import * as path from 'node:path';
import { uniqueCodes } from '../../base/codePoints';
import { eachTextLine } from '../../base/textLines';
import { inputError } from 'research-basics/errors';
import { listFiles } from '../listing';
import type { Clip, ClipCollection } from './clips';

/**
 * Speech Commands in its published layout: a folder per word with `<speaker>_nohash_<n>.wav`, and
 * `validation_list.txt` and `testing_list.txt`, which keep each speaker in one part; everything else is training.
 * `_background_noise_` is not a word. Linked folders are entered.
 *
 * @throws UserError (`input`) when a list or every recording is missing, or a list names a file that is missing.
 */
export function loadSpeechCommands(root: string): ClipCollection {
  const listed = (name: string): Set<string> => {
    const file = path.join(root, name);
    if (!fs.existsSync(file)) throw inputError(`${file}: is missing; give the folder that holds the words`);
    const paths = new Set<string>();
    eachTextLine(file, (line) => {
      const own = line.trim().replaceAll('\\', '/').replace(/^\.\//, '');
      if (own !== '') paths.add(own);
    });
    return paths;
  };
  const validation = listed('validation_list.txt');
  const test = listed('testing_list.txt');
  const recordings = listFiles(root).files.flatMap(({ path: own, name, alsoAt }) => {
    const match = /^(?<word>[^_/][^/]*)\/(?<speaker>[0-9a-f]+)_nohash_\d+\.wav$/i.exec(name);
    return match === null || alsoAt !== undefined
      ? []
      : [{ own, name, word: match.groups!['word']!, speaker: match.groups!['speaker']! }];
  });
  const { values: words, codes } = uniqueCodes(recordings.map(({ word }) => word));
  const clips = recordings.map(({ own, name, speaker }, i): Clip => ({
    file: path.join(root, own),
    name,
    group: speaker,
    outputs: [codes[i]!],
    part: test.has(name) ? 'test' : validation.has(name) ? 'validation' : 'train',
  }));
  if (clips.length === 0) throw inputError(`${root}: has no recordings in folders named by words`);
  const present = new Set(clips.map(({ name }) => name));
  const gone = [...validation, ...test].filter((name) => !present.has(name));
  if (gone.length > 0)
    throw inputError(
      `${root}: ${gone.length} recordings of its lists are missing, e.g. ${gone[0]}; unpack the archive again`,
    );
  return { outputs: words, task: 'classes', clips, notes: [] };
}
