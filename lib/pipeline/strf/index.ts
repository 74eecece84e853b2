export {
  describeTasks,
  driftRows,
  learnedTasks,
  taskDistances,
  type BankRow,
  type LearnedTask,
  type TaskDistance,
} from './analysis';
export { readStrfExperiment, STRF_TASKS, type StrfComparison, type StrfExperiment } from './experiment';
export { strfFigures, strfFiguresStage, type StrfFiguresOptions } from './figures';
export { strfScoreTable, type StrfConditionRecord, type StrfTaskRecord } from './scores';
export {
  prepareStrfTask,
  strfTaskStage,
  type StrfFilterHistory,
  type StrfTaskStageOptions,
  type StrfTaskSummary,
} from './task';
