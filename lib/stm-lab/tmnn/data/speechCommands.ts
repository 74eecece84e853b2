import * as fs from 'node:fs';
import * as path from 'node:path';
import { compareCodePoints } from '../../base/codePoints';
import { inputError } from '../../base/errors';
import type { Clip, ClipCollection } from './clips';

/**
 * Speech Commands in its published layout: a folder per word with `<speaker>_nohash_<n>.wav`, and
 * `validation_list.txt` and `testing_list.txt`, which keep each speaker in one part; everything else is training.
 * `_background_noise_` is no word.
 *
 * @throws StmLabError (`input`) when a list or every recording is missing, or a list names a file that is not there.
 */
export function loadSpeechCommands(root: string): ClipCollection {
  const listed = (name: string): Set<string> => {
    const file = path.join(root, name);
    if (!fs.existsSync(file)) throw inputError(`${file}: is not there; give the folder that holds the words`);
    return new Set(
      fs
        .readFileSync(file, 'utf8')
        .split(/\r?\n/)
        .filter((line) => line !== ''),
    );
  };
  const validation = listed('validation_list.txt');
  const test = listed('testing_list.txt');
  const words = fs
    .readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
    .map((entry) => entry.name)
    .sort(compareCodePoints);
  const clips = words.flatMap((word, output) =>
    fs
      .readdirSync(path.join(root, word))
      .filter((name) => /^[0-9a-f]+_nohash_\d+\.wav$/.test(name))
      .sort(compareCodePoints)
      .map((name): Clip => {
        const relative = `${word}/${name}`;
        return {
          file: path.join(root, word, name),
          name: relative,
          group: name.slice(0, name.indexOf('_')),
          outputs: [output],
          part: test.has(relative) ? 'test' : validation.has(relative) ? 'validation' : 'train',
        };
      }),
  );
  if (clips.length === 0) throw inputError(`${root}: has no recordings in folders named by words`);
  const present = new Set(clips.map(({ name }) => name));
  const gone = [...validation, ...test].filter((name) => !present.has(name));
  if (gone.length > 0)
    throw inputError(
      `${root}: ${gone.length} recordings of its lists are not there, e.g. ${gone[0]}; unpack the archive again`,
    );
  return { outputs: words, task: 'classes', clips, notes: [] };
}
