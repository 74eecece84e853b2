/** Numbers of things the server took. */
export interface Delivered {
  runs: number;
  metrics: number;
  params: number;
  tags: number;
  datasets: number;
  artifacts: number;
  artifactBytes: number;
  models: number;
}

/** Counts of nothing, to add to. */
export function nothingDelivered(): Delivered {
  return { runs: 0, metrics: 0, params: 0, tags: 0, datasets: 0, artifacts: 0, artifactBytes: 0, models: 0 };
}
