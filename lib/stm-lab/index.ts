/**
 * stm-lab: spectrotemporal modulation of sound, from recordings to tracked results.
 *
 * `openProject` runs a whole experiment; the namespaces hold its parts, in the order in which data flow.
 */
export * as audio from './audio';
export * as corpus from './corpus';
export * as features from './features';
export * as synthesis from './synthesis';
export * as splits from './splits';
export * as frames from './frames';
export * as reduction from './reduction';
export * as models from './models';
export * as training from './training';
export * as search from 'bayesian-optimizer';
export * as evaluation from './evaluation';
export * as tmnn from './tmnn';
export * as strf from './strf';
export * as ablation from './ablation';
export * as figures from './figures';
export * as report from './report';
export * as tracking from 'mlflow-tracking-client';
export * as pipeline from './pipeline';
export * as cluster from './cluster';
export { loadEngine, type Engine, type EngineOptions } from './engine';
export {
  openProject,
  openWorkbench,
  withEnvironment,
  type Project,
  type ProjectOptions,
  type ProjectParameters,
} from './pipeline';
export { randomState, type RandomState } from 'research-basics/random/mt19937';
export { UserError as StmLabError } from 'research-basics/errors';
