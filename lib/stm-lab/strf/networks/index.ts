export { createCallNetwork, type CallNetworkOptions } from './call';
export { createFront, type Front, type FrontOptions } from './front';
export { inverseFrequencyWeights, type NetworkState, type StrfNetwork } from './network';
export { createSceneNetwork, maskStripes, type SceneNetworkOptions, type StripeOptions } from './scene';
export type { SincNetOptions } from './sincnet';
export {
  angularMarginLogits,
  createSpeakerNetwork,
  type SpeakerNetworkOptions,
  type TimeDelayStage,
  X_VECTOR_STAGES,
} from './speaker';
export { createSpeechNetwork, SPEECH_CLASSES, type SpeechNetworkOptions } from './speech';
