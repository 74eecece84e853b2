/* What needs no file system and no processes: the same in Node and in a browser. */
export { UserError } from 'research-basics/errors';
export type {
  CategoricalParameter,
  Condition,
  FloatParameter,
  IntParameter,
  Parameter,
  Space,
  Value,
  Values,
  ValuesOf,
} from './space';
export { activeValues, checkSpace, conditionMet, isConfiguration } from './space';
export type { Direction, TrialState } from './journal/records';
export type { Proposal, ProposalContext, Sampler, TrialRecord } from './sampler';
export type { SamplerChoice, SamplerName, SamplerOptions } from './samplers';
export { createSampler, samplerNames } from './samplers';
export type {
  AshaPrunerOptions,
  HyperbandPrunerOptions,
  MedianPrunerOptions,
  PruneContext,
  Pruner,
  PrunerChoice,
} from './pruners';
export { createPruner } from './pruners';
export type {
  AskOptions,
  Outcome,
  Recorded,
  Study,
  StudyOptions,
  SuggestOptions,
  TellResult,
  Trial,
} from './studyTypes';
export type { Objective, OptimizeOptions, OptimizeResult } from './runStudy';
export { hypervolume, isFeasible, paretoFront, trialsByObjective } from './objectives';
export { bestOf } from './studyRecords';
export type { Belief, BeliefTask } from './gp/belief';
export { gaussianProcessBelief } from './gp/belief';
export type {
  HistoryRow,
  ImportanceOptions,
  ImportanceRow,
  ParameterRow,
  ReportRow,
  TimelineRow,
} from './analysis';
export { historyRows, importances, parameterRows, reportRows, timelineRows } from './analysis';
