// A process of its own for the tests that kill: extracts the rows of a JSON file into a folder.
import * as fs from 'node:fs';
import type { ManifestRow } from 'stm-lab/dist/corpus/types';
import { extractCorpus, type Kept } from 'stm-lab/dist/features';

const [rowsFile, outFolder, keep] = process.argv.slice(2) as [string, string, Kept | undefined];
const rows = JSON.parse(fs.readFileSync(rowsFile, 'utf8')) as ManifestRow[];
extractCorpus({ rows, outFolder, workers: 2, keep }).then(
  ({ computed, reused }) => console.log(JSON.stringify({ computed, reused })),
  (error: unknown) => {
    console.log(String(error));
    process.exitCode = 1;
  },
);
