export {
  describeTasks,
  driftRows,
  learnedTasks,
  publishedShares,
  type BankRow,
  type LearnedTask,
  type PublishedShareRow,
} from './analysis';
export { bankDistances, taskDistances, type BankDistances, type TaskDistance } from './distances';
export {
  checkStrfSection,
  readStrfExperiment,
  STRF_TASKS,
  type StrfComparison,
  type StrfExperiment,
} from './experiment';
export { strfFigures, strfFiguresStage, type StrfFiguresOptions } from './figures';
export { strfScoreTable, type StrfConditionRecord, type StrfTaskRecord } from './scores';
export {
  prepareStrfTask,
  strfTaskStage,
  type StrfFilterHistory,
  type StrfTaskStageOptions,
  type StrfTaskSummary,
} from './task';
export { developing, strfValidation, type StrfSection, type StrfValidation } from './validation';
