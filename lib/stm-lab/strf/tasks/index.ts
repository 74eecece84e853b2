export { prepareBirds, type BirdSettings } from './birds';
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
export type { SpeakerSettings } from './speakerNetwork';
export { listVerification, parseTrials, type VerificationSet } from './trials';
export type { VerificationSettings } from './verification';
export { readSonycFolder, type SonycPart, type SonycRecording, type SonycSet, type SonycTag } from './sonyc';
export type { TagLevels } from './scenes';
export { prepareSpeech, type SpeechSettings } from './speech';
export { readSpeechFolder, SPEECH_PARTS, type SpeechPart, type SpeechRecording } from './speechFolder';
export type { CellOutcome, PreparedTask, StrfTaskName, TaskExtras, TaskMeasure, TaskSettings } from './task';
export { prepareUrban, type UrbanSettings } from './urban';
