export { ablateShard, ablationShardStates, mergeAblation } from './shards';
export {
  ablateStage,
  type AblateStageOptions,
  type AblateSummary,
  type AblationCellRecord,
  type AblationRecord,
} from './stage';
export type { CellScore } from './score';
