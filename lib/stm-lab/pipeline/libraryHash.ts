import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256, sha256File } from 'research-basics/files';

let known: string | undefined;

/** SHA-256 of the compiled library and the packages it is built from here: what figures and notebooks depend on. */
export function libraryHash(): string {
  return (known ??= scriptsHash([
    path.resolve(__dirname, '..'),
    ...['bayesian-optimizer', 'mlflow-tracking-client', 'demo-corpus'].map(distOf),
  ]));
}

/** SHA-256 of the contents of all scripts below the folders; another one as soon as any of them changes. */
export const scriptsHash = (folders: readonly string[]): string =>
  sha256(folders.flatMap(scriptsIn).map((file) => sha256File(file)));

const distOf = (name: string): string => path.dirname(require.resolve(name));

function scriptsIn(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.c?js$/.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}
