export { prepareBirds, type BirdSettings } from './birds';
export { CALL_CLASSIFIERS, type CallClassifier } from './callClassifiers';
export { listCalls, listScenes, type LabelledRecording } from './labelled';
export {
  createNoiseMixer,
  NOISE_KINDS,
  readNoiseFolder,
  type NoiseKind,
  type NoiseMixer,
  type NoiseSettings,
} from './noiseFolder';
export { listSpeakerRecordings, prepareSpeaker, type SpeakerRecording } from './speaker';
export type { SpeakerSettings, VerificationSettings } from './speakerNetwork';
export type { TagLevels } from './scenes';
export { prepareSpeech, type SpeechSettings } from './speech';
export type {
  CellOutcome,
  PreparedTask,
  StrfTaskName,
  TaskContext,
  TaskExtras,
  TaskMeasure,
  TaskSettings,
} from './task';
export { prepareUrban, type UrbanSettings } from './urban';
