export { buildManifest, writeBuiltManifest, type BuiltManifest, type BuiltRow } from './build';
export {
  listCorpora,
  readCorpusDescription,
  type CorpusDescription,
  type CorpusLayout,
  type Fact,
} from './description';
