export { stratifiedGroupKFold, type StratifiedGroupKFoldOptions } from './stratified';
export { groupKFold, type GroupKFoldOptions } from './groupKFold';
