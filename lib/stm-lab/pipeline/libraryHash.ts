import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256, sha256File } from 'research-basics/files';

let known: string | undefined;

/** SHA-256 of the compiled library and the packages it is built from here: what figures and notebooks depend on. */
export function libraryHash(): string {
  return (known ??= sha256(
    [
      path.resolve(__dirname, '..'),
      ...['bayesian-optimizer', 'mlflow-tracking-client', 'demo-corpus'].map(distOf),
    ]
      .flatMap(scriptsIn)
      .map((file) => sha256File(file)),
  ));
}

const distOf = (name: string): string => path.dirname(require.resolve(name));

function scriptsIn(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.c?js$/.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}
