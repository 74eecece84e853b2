export { attentionWeights } from './attention';
export { type TrainingSize, trainingSize } from '../training/batches';
export {
  gatherRows,
  type LabelledRows,
  readVectors,
  rowsInMemory,
  selectRows,
  type StreamedRows,
  vectorsOf,
  vectorStarts,
} from './data';
export { converged, type EpochMetric, type EpochRecord, fitMlp, type FitResult, type FitTask } from './fit';
export { inverseCellSizes } from '../training/collectionWeights';
export { balancedWeights, type LossOptions } from '../training/focalLoss';
export { createModel, loadModel, type MlpModel, modelHash, type ModelInfo, saveModel } from './model';
export {
  type EarlyStopping,
  type FitOptions,
  PUBLISHED_FIT,
  resolveFitOptions,
  type ResolvedFitOptions,
} from './options';
export { predictProbabilities } from './predict';
export { fitRecurrent, type FittedRecurrent, type RecurrentOptions } from './recurrent';
export {
  checkSpec,
  countParameters,
  type HiddenLayer,
  initialWeights,
  type MlpSpec,
  networkLayout,
} from './spec';
export * from './baselines';
export { loadKeras, saveKeras } from './keras/keras';
