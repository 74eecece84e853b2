export { tmnnCost, type TmnnCost } from './cost';
export { checkTmnnExperiment, readTmnnExperiment, type TmnnExperiment } from './experiment';
export { evaluateTmnn, type TmnnEvaluation } from './evaluate';
export { tmnnStudyStage, type TmnnStudyOptions, type TmnnStudySummary } from './study';
export { tmnnValidation, type TmnnValidation } from './validation';
export type { TmnnStudy } from './summary';
export { tmnnComparisonTable, tmnnFilterResponses, tmnnScoreTable } from './tables';
