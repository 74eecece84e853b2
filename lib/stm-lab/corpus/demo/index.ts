export {
  DEMO_CORPUS_LICENCE,
  DEMO_CORPUS_VERSION,
  generateDemoCorpus,
  type DemoCorpus,
  type DemoCorpusOptions,
  type DemoCorpusProgress,
} from './demoCorpus';
