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
export type { AskOptions, Outcome, Recorded, Study, StudyOptions, TellResult, Trial } from './studyTypes';
export { createStudy } from './study';
export type { Objective, OptimizeOptions, OptimizeResult } from './optimize';
export { optimize } from './optimize';
export { bestOf } from './studyRecords';
export type { ObjectiveReference, WorkersOptions } from './workers/run';
export { runWorkers } from './workers/run';
export type { Belief, BeliefTask } from './gp/belief';
export { gaussianProcessBelief } from './gp/belief';
export type { ContractCheck, SamplerPromises } from './contract';
export { samplerContract } from './contract';
export type {
  HistoryRow,
  ImportanceOptions,
  ImportanceRow,
  ParameterRow,
  ReportRow,
  TimelineRow,
} from './analysis';
export { historyRows, importances, parameterRows, reportRows, timelineRows } from './analysis';
