import * as path from 'node:path';
import { sha256File } from 'research-basics/files';
import type { Manifest } from '../../corpus';
import { importEmbeddings } from '../../features';
import { warnMany } from '../../stages/warnMany';
import { runTrackedStage, type StageContext } from '../../stages/context';
import { extractStage } from '../extract';
import type { FeatureChoice } from './choice';
import type { FullRow } from './fullRows';
import { featureKey, needsExcerpts, ownSettings, type ExtractedFeatures } from '../featureSettings';

/** Where the features of a comparison come from. */
export interface PrepareOptions {
  readonly manifest: Manifest;
  /** Folder of the features of a key (see `featureKey`). */
  readonly folderOf: (key: string) => string;
  /** Worker threads of the extraction; default all cores. */
  readonly workers?: number | undefined;
}

/**
 * Extracts or imports the features that the rows of a comparison need, each kind once; finished ones are reused.
 *
 * @returns the folder of each `featureKey`.
 */
export async function prepareFeatures(
  rows: readonly Pick<FullRow, 'features'>[],
  options: PrepareOptions,
  context: StageContext,
): Promise<Record<string, string>> {
  const folders: Record<string, string> = {};
  for (const { features } of rows) {
    const key = featureKey(features);
    if (folders[key] !== undefined) continue;
    const out = (folders[key] = options.folderOf(key));
    if (features.kind === 'embeddings') await importStage(features, out, options.manifest, context);
    else {
      const { manifest, workers } = options;
      const { kind, maxSilenceSeconds } = features;
      const own = kind === 'nuisance' ? { kind: 'stm' as const } : { kind, ...ownSettings(kind, features) };
      const wanted = {
        ...(own.kind === 'stm' ? { channels: 'published' } : {}),
        ...own,
        ...(needsExcerpts(features) ? { keep: 'excerpts' } : {}),
        ...(maxSilenceSeconds === undefined ? {} : { maxSilenceSeconds }),
      } as ExtractedFeatures;
      await extractStage({ manifest, out, features: wanted, workers }, context);
    }
  }
  return folders;
}

async function importStage(
  { name, matrix, index }: Extract<FeatureChoice, { kind: 'embeddings' }>,
  out: string,
  manifest: Manifest,
  context: StageContext,
): Promise<void> {
  await runTrackedStage(context, {
    stage: 'import',
    runName: `import ${name}`,
    folder: out,
    parameters: { name },
    inputs: { manifest: manifest.hash, matrix: sha256File(matrix), index: sha256File(index) },
    run: async (run) => {
      const { accepted, rejected, unknown, columns } = importEmbeddings({
        rows: manifest.rows,
        matrix,
        index,
        name,
        outFolder: out,
      });
      warnMany(
        rejected.map(({ path: about, reason }) => ({ about, reason })),
        context.warn,
        path.join(out, 'rejected.csv'),
      );
      const reason = `is listed in ${index} but not in ${path.basename(manifest.file)}; left out`;
      warnMany(
        unknown.map((about) => ({ about, reason })),
        context.warn,
      );
      run?.logMetrics({ accepted, rejected: rejected.length, unknown: unknown.length, columns });
      return Promise.resolve(['features.npy', 'index.csv', 'rejected.csv', 'axes.json', 'extraction.json']);
    },
  });
}
