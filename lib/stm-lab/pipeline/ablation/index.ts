export { ablateShard, ablationShardStates, mergeAblation } from './shards';
export {
  ablateStage,
  ablationParameters,
  type AblateSummary,
  type AblationCellRecord,
  type AblationRecord,
} from './stage';
export type { CellScore } from './score';
export type { AblateStageOptions } from './options';
