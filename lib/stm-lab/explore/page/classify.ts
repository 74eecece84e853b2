import { atTemperature } from '../../evaluation/temperature';
import { prepareModulations } from '../../features/preparation';
import type { LinearModel } from '../../models/baselines/linear';
import { averageOver, excerptLogProbabilities } from '../../pipeline/excerptModel/logProbabilities';
import { concatenate } from '../../base/concatenate';
import type { PageModel } from '../model';
import type { ClassCourse } from './messages';

/** Class probabilities of a recording, as a whole and of each excerpt; the numbers of `stm-lab predict`. */
export function classify(
  { classes, axes, preparation, temperature, members }: PageModel,
  excerpts: readonly { readonly startSeconds: number; readonly features: Float32Array }[],
): ClassCourse {
  const [rows, count] = [excerpts.length, classes.length];
  const x = prepareModulations(concatenate(excerpts.map(({ features }) => features)), axes, preparation);
  const linear = members.map((member): LinearModel => {
    const weights = Float64Array.from(member.flat());
    return { kind: 'logistic', columns: weights.length / count - 1, classes: count, weights };
  });
  const logs = excerptLogProbabilities(linear, x, rows, count);
  const calibrated = (values: Float64Array): number[] => [...atTemperature(values, count, temperature)];
  return {
    probabilities: calibrated(averageOver(Int32Array.of(0, rows), logs, count)),
    course: excerpts.map(({ startSeconds }, i) => ({
      startSeconds,
      probabilities: calibrated(logs.subarray(i * count, (i + 1) * count)),
    })),
  };
}
