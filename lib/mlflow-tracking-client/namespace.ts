/** Prefix of our own tags when a tracker names none. */
export const DEFAULT_NAMESPACE = 'mlflow-tracking-client';

/** Tags that we set ourselves, beside MLflow's and the caller's. */
export interface OwnTags {
  /** 32 hexadecimal digits of a run or model, by which it is found on a server. */
  readonly uid: string;
  /** The key by which a run is continued. */
  readonly runKey: string;
  /** Names of the metrics that were not finite somewhere. */
  readonly nonFinite: string;
}

/** The names of our own tags under a prefix. */
export function ownTags(namespace: string): OwnTags {
  return {
    uid: `${namespace}.uid`,
    runKey: `${namespace}.runKey`,
    nonFinite: `${namespace}.nonfinite`,
  };
}
