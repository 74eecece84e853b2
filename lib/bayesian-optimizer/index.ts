export * from './everywhere';
export { createStudy } from './createStudy';
export { optimize } from './optimize';
export type { ObjectiveReference, WorkersOptions } from './workers/run';
export { runWorkers } from './workers/run';
export type { ContractCheck, SamplerPromises } from './contract';
export { samplerContract } from './contract';
