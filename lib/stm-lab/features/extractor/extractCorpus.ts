import type { ManifestRow } from '../../corpus/types';
import { runExtraction, type ExtractionOptions, type Tally } from './compute';
import { currentVersions, writeResults, type Results } from './results';

/** What to extract, and where to. */
export interface ExtractCorpusOptions extends ExtractionOptions {
  readonly rows: readonly ManifestRow[];
}

/** What an extraction made. */
export interface ExtractionSummary extends Results, Tally {
  readonly seconds: number;
}

/**
 * Extracts features of every recording of a manifest on worker threads and writes into `outFolder`:
 *
 * - `features.npy`: float32, one row per accepted recording, in manifest order
 * - `index.csv`: path, label, group, excerpts, analysed_s, longest_silence_s, row, and
 *   `collection` where the manifest names it
 * - `rejected.csv`: path, reason, outcome and label of every other recording; outcome is `unusable` (by its bytes,
 *   which are remembered) or `failed` (by its surroundings: tried again on the next run)
 * - `duplicates.csv`, only where there are some: sets of accepted recordings of the same bytes but another group or label
 * - `decoding.csv`, only where there are some: path, decoder and warnings of the accepted recordings that FFmpeg decoded
 *   or that are not as their headers say (cut short, say)
 * - `axes.json`: the axes of a row
 * - `extraction.json`: parameters, versions, counts and hashes
 * - with `keep: 'excerpts'`: `excerpts.npy`, float32, one row per accepted excerpt, recordings in the order of
 *   `index.csv`; and `excerpts.csv`: row (of `features.npy`), excerpt (from 0), start_s. The other files stay
 *   byte for byte as without except for what `extraction.json` says of these two.
 *
 * The bytes depend on the manifest, the recordings and the parameters alone: not on the number of workers, on
 * interruptions, on folders or on the clock. Finished recordings are kept in `outFolder/.work`, by content and
 * parameters, and are not extracted again; a killed run is continued by calling this again.
 *
 * @throws UserError: `input` when the folder is in use or cannot be written, `interrupted` on `signal`.
 */
export async function extractCorpus(options: ExtractCorpusOptions): Promise<ExtractionSummary> {
  const began = performance.now();
  return runExtraction(options.rows, options, ({ items, journal, recipe, tally }) => ({
    ...writeResults(options.outFolder, items, (key) => journal.features(key), {
      ...recipe,
      versions: currentVersions(),
    }),
    ...tally,
    seconds: (performance.now() - began) / 1000,
  }));
}
