export { planCorpus, type PlannedRecording, type PlanOptions } from './plan';
export type { Resample } from './speech';
