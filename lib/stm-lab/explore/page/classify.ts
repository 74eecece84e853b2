import { prepareModulations } from '../../features/preparation';
import type { PageModel } from '../model';
import type { ClassCourse } from './messages';

/** Added to probabilities before the logarithm, as the model was calibrated. */
const FLOOR = 1e-6;

function softmax(values: readonly number[]): number[] {
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Class probabilities of a recording, as a whole and of each excerpt; the numbers of `stm-lab predict`. */
export function classify(
  { classes, axes, preparation, temperature, members }: PageModel,
  excerpts: readonly { readonly startSeconds: number; readonly features: Float32Array }[],
): ClassCourse {
  const logs = excerpts.map(({ features }) => {
    const vector = prepareModulations(features, axes, preparation);
    const sum = classes.map(() => 0);
    for (const member of members) {
      const values = member.map((weights) =>
        vector.reduce((all, value, i) => all + value * weights[i]!, weights.at(-1)!),
      );
      softmax(values).forEach((p, c) => (sum[c]! += Math.log(p) / members.length));
    }
    return softmax(sum).map((p) => Math.log(p + FLOOR));
  });
  const calibrated = (values: readonly number[]): number[] =>
    softmax(values.map((value) => value / temperature));
  const mean = classes.map((_, c) => logs.reduce((sum, log) => sum + log[c]!, 0) / logs.length);
  return {
    probabilities: calibrated(mean),
    course: excerpts.map(({ startSeconds }, i) => ({ startSeconds, probabilities: calibrated(logs[i]!) })),
  };
}
