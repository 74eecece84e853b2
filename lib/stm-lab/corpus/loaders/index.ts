export {
  buildManifest,
  writeBuiltManifest,
  type BuildOptions,
  type BuiltManifest,
  type BuiltRow,
} from './build';
export {
  listCorpora,
  readCorpusDescription,
  type CorpusDescription,
  type CorpusLayout,
  type CorpusRule,
  type CorpusTable,
  type Fact,
} from './description';
