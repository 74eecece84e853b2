export { stratifiedGroupKFold, type StratifiedGroupKFoldOptions } from './stratified';
export { scorableByCollection, withoutSharedGroups, type ScorableRows } from './collections';
export { groupKFold, type GroupKFoldOptions } from './groupKFold';
export { assignRoles, type Role } from './roles';
export { foldsFor, officialFolds, officialParts, type OfficialColumn } from './official';
export { checkLeakage, describeSharing, findLeaks, type Leak, type LeakageCheck } from './leakage';
export {
  featureRowsOf,
  makeSplit,
  type MakeSplitOptions,
  type Split,
  type SplitParameters,
  type SplitRow,
} from './split';
export { balanceReport, type BalanceCell, type BalanceReport, type ClassBalance } from './balance';
export { readSplit, writeSplit } from './store';
export { undersample, type UndersampleOptions } from './undersample';
