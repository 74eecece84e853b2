export { readStudies, STUDY_NAMES, type Studies, type StudyName } from './choice';
export type { StudySystem } from './system';
export type { StudyDesign } from './divisions';
export { studyStage, type StudyRecord, type StudyStageOptions, type StudySummary } from './stage';
