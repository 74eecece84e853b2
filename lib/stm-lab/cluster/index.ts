export {
  describeSubmission,
  planSubmission,
  runOnCluster,
  type ClusterOptions,
  type ClusterReport,
  type ClusterStatus,
  type PlannedSubmission,
} from './follow';
export { checkResources, type Resources } from './script';
export { ablationWork, extractionWork, searchWork, type ClusterWork } from './work';
