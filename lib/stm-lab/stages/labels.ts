import { metricNames, type RemoteRun, type Run } from 'mlflow-tracking-client';

/** Tag that holds the label of which a metric's name is only a readable part. */
const labelTag = (name: string): string => `stm.label.${name}`;

/**
 * Metric names for labels of a run (see `metricName`). Labels whose name differs are kept whole as tags
 * `stm.label.<name>`, where a reader of the run, and the report, find them.
 *
 * @returns the name of each label.
 */
export function nameLabels(run: Run | undefined, labels: readonly string[]): (label: string) => string {
  const names = metricNames(labels);
  const changed = [...names].filter(([label, name]) => label !== name);
  if (changed.length > 0)
    run?.setTags(Object.fromEntries(changed.map(([label, name]) => [labelTag(name), label])));
  return (label) => names.get(label)!;
}

/** The label that a metric's name stands for, by the run's tags. */
export function labelOf({ tags }: Pick<RemoteRun, 'tags'>, name: string): string {
  return tags[labelTag(name)] ?? name;
}
