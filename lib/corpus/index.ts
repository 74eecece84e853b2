export { readManifest, type ReadManifestOptions } from './manifest';
export { KNOWN_COLUMNS, REQUIRED_COLUMNS } from './columns';
export type { Manifest, ManifestProblem, ManifestRow } from './types';
export {
  DEMO_CORPUS_VERSION,
  generateDemoCorpus,
  type DemoCorpus,
  type DemoCorpusOptions,
  type DemoCorpusProgress,
} from './demo';
