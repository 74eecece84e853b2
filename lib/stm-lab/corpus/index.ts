export { counted, withExamples } from './examples';
export { isFolder, manifestFolder, readClassFolder } from './folder';
export { isRecordingName, listFiles, listRecordings, type ListedFile, type Listing } from './listing';
export { readManifest, type ReadManifestOptions } from './manifest';
export { createRecordingFinder, showPath, type FoundRecording } from './recordings';
export * from './collections';
export { soundsBelow } from './soundsBelow';
export { KNOWN_COLUMNS, REQUIRED_COLUMNS } from './columns';
export type { Manifest, ManifestProblem, ManifestRow } from './types';
export {
  DEMO_CORPUS_VERSION,
  generateDemoCorpus,
  type DemoCorpus,
  type DemoCorpusOptions,
  type DemoCorpusProgress,
} from './demo';
export { validateManifest, type ManifestValidation } from './validate';
export {
  buildManifest,
  listCorpora,
  readCorpusDescription,
  writeBuiltManifest,
  type BuildOptions,
  type BuiltManifest,
  type BuiltRow,
  type CorpusDescription,
  type CorpusLayout,
  type CorpusRule,
  type CorpusTable,
  type Fact,
} from './loaders';
