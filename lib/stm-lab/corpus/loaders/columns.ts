import * as path from 'node:path';
import { eachTextLine } from '../../base/textLines';
import type { ListedFile } from '../listing';
import type { CorpusLayout, ListedColumn } from './description';
import { fileLookup } from './lookup';
import { resolve, type Values } from './rules';

/**
 * The further columns of a layout for each recording: the same for all, by a rule, or by lists of recordings.
 *
 * @throws UserError (`input`) when a list cannot be read.
 */
export function listedColumns(
  layout: CorpusLayout,
  files: readonly ListedFile[],
  root: string,
): (file: ListedFile, values: Values) => Record<string, string | number> {
  const columns = Object.entries(layout.columns ?? {}).map(([name, rule]) => {
    if (typeof rule === 'number') return [name, () => rule] as const;
    if (typeof rule === 'object' && 'lists' in rule) return [name, byLists(rule, files, root)] as const;
    return [name, (_: ListedFile, values: Values) => resolve(rule, values)] as const;
  });
  return (file, values) => Object.fromEntries(columns.map(([name, of]) => [name, of(file, values)]));
}

function byLists(
  { lists, else: other }: ListedColumn,
  files: readonly ListedFile[],
  root: string,
): (file: ListedFile) => string {
  const fileOf = fileLookup(files);
  const inner = files.map((file) => ({ ...file, name: lastTwo(file.name) }));
  const once = new Map<string, number>();
  for (const { name } of inner) once.set(name, (once.get(name) ?? 0) + 1);
  const innerOf = fileLookup(inner.filter(({ name }) => once.get(name) === 1));
  const valueOf = new Map<string, string>();
  let found = 0;
  for (const [value, pattern] of Object.entries(lists)) {
    const own = files.filter(
      ({ name, alsoAt }) => alsoAt === undefined && new RegExp(pattern, 'iu').test(name),
    );
    found += own.length;
    for (const list of own)
      eachTextLine(path.join(root, list.path), (line) => {
        const written = line.trim().replaceAll('\\', '/');
        // Lists are often kept beside the folder that their paths begin in.
        const recording =
          fileOf(path.posix.join(path.posix.dirname(list.name), written)) ?? innerOf(lastTwo(written));
        if (recording !== undefined) valueOf.set(recording.path, value);
      });
  }
  // Without any list nothing is known, rather than everything being what is in no list.
  return (file) => (found === 0 ? '' : (valueOf.get(file.path) ?? other));
}

const lastTwo = (name: string): string => name.split('/').slice(-2).join('/');
