export { excerptSentence } from './card';
export { DEFAULT_EXCERPT_MODEL, describeLinear, type ExcerptModelChoice, type LinearChoice } from './choice';
export { openExcerptPredictor } from './predict';
export { trainExcerptStage, type TrainExcerptStageOptions, type TrainExcerptSummary } from './stage';
export { isExcerptModel, loadExcerptModel, type ExcerptModelRecord } from './store';
export { linearExcerptModel, type LinearExcerptModel } from './linear';
