export { tmnnCost, type TmnnCost } from './cost';
export { readTmnnExperiment, type TmnnExperiment } from './experiment';
export { evaluateTmnn, type TmnnEvaluation } from './evaluate';
export { tmnnStudyStage, type TmnnStudyOptions, type TmnnStudySummary } from './study';
export type { TmnnStudy } from './summary';
export { tmnnComparisonTable, tmnnFilterResponses, tmnnScores, tmnnScoreTable } from './tables';
