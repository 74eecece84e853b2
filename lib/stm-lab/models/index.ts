export { attentionWeights } from './attention';
export { adamStep, type AdamConstants } from './adam';
export { type TrainingSize, trainingSize } from './batches';
export { gatherRows, type LabelledRows, selectRows, vectorsOf, vectorStarts } from './data';
export { converged, type EpochMetric, type EpochRecord, fitMlp, type FitResult, type FitTask } from './fit';
export { initialWeights } from './initialise';
export { balancedWeights, type LossOptions } from './loss';
export { createModel, loadModel, type MlpModel, modelHash, type ModelInfo, saveModel } from './model';
export { type EarlyStopping, type FitOptions, PUBLISHED_FIT, type ResolvedFitOptions } from './options';
export { predictProbabilities } from './predict';
export {
  checkSpec,
  countParameters,
  type HiddenLayer,
  type MlpSpec,
  type ParameterShape,
  parameterShapes,
} from './spec';
export * from './baselines';
export { loadKeras, saveKeras } from './keras/keras';
