export { type Batch, batchesByEpoch, epochBatches } from './batches';
export { type BufferSpec, type BufferStore, createBuffers } from './buffers';
export { type ConvolutionOptions, convolve } from './convolution';
export { type LossGradient, lossGradient } from './gradients';
export {
  batchNormBuffers,
  type BatchNormOptions,
  batchNormParameters,
  convolutionParameters,
  createLayers,
  denseParameters,
  type Layers,
  type Mode,
  type PoolSize,
  poolWindow,
} from './layers';
export { createLearner, type Learner, type NetworkValues } from './learner';
export { runTraining } from './loop';
export {
  binaryCrossEntropy,
  maskedBinaryCrossEntropy,
  softmaxCrossEntropy,
  weightedCrossEntropy,
} from './losses';
export {
  type AdamConstants,
  type AdamRule,
  createOptimiser,
  type Lookahead,
  type Optimiser,
  type OptimiserOptions,
  type OptimiserState,
  type SgdRule,
} from './optimiser';
export {
  initialValues,
  createLayout,
  type Parameter,
  type ParameterLayout,
  type ParameterTensors,
  type Initialiser,
  unpack,
} from './parameters';
export {
  bidirectionalLstm,
  bidirectionalParameters,
  lstm,
  lstmParameters,
  type Merge,
  portableLstm,
} from './recurrent';
export {
  framesLost,
  statisticsPooling,
  timeDelay,
  timeDelayParameters,
  type TimeDelayShape,
} from './timeDelay';
export {
  filterWaveforms,
  type SincBank,
  sincBank,
  type SincEdges,
  sincEdges,
  sincKernels,
  type SincLimits,
} from './sinc';
export { checkSchedule, type Schedule, scheduledRate } from './schedule';
export {
  type BatchGroup,
  type BestEpoch,
  type Divergence,
  divergenceSentence,
  type EpochEnd,
  type GroupResult,
  type TrainingResult,
  type TrainingStage,
  type TrainingTask,
} from './task';
