export { labelMatrix, type Clip, type ClipCollection, type Part } from './clips';
export { loadMagnaTagATune, magnaTagATunePart, type MagnaTagATuneOptions } from './magnaTagATune';
export { entriesOf, formatRttm, parseRttm, parseUem, type ScoredPart, type Turn } from './rttm';
export { durationOf, intersectionOf, unionOf, type Segment } from './segments';
export {
  isSonycFolder,
  readSonycFolder,
  SONYC_PARTS,
  type SonycPart,
  type SonycRecording,
  type SonycSet,
  type SonycTag,
} from './sonyc';
export { loadSpeechCommands } from './speechCommands';
export { readSpeechFolder, SPEECH_PARTS, type SpeechPart, type SpeechRecording } from './speechFolder';
export {
  findTrialList,
  listVerification,
  parseTrials,
  type TrialLines,
  type VerificationRecording,
  type VerificationSet,
} from './trials';
