export { prepareBirds, type BirdSettings } from './birds';
export { listCalls, listScenes, type LabelledRecording } from './labelled';
export {
  listSpeakerRecordings,
  prepareSpeaker,
  type SpeakerRecording,
  type SpeakerSettings,
} from './speaker';
export { readSonycFolder, type SonycPart, type SonycRecording, type SonycSet, type SonycTag } from './sonyc';
export type { TagLevels } from './scenes';
export { prepareSpeech, type SpeechSettings } from './speech';
export { readSpeechFolder, SPEECH_PARTS, type SpeechPart, type SpeechRecording } from './speechFolder';
export type { CellOutcome, PreparedTask, StrfTaskName, TaskMeasure, TaskSettings } from './task';
export { prepareUrban, type UrbanSettings } from './urban';
