import { inputError } from 'research-basics/errors';

/** How wrong a predicted distribution is. */
export interface LossOptions {
  /**
   * `focal` (default): categorical focal cross-entropy as Keras computes it,
   * -sum_c alpha_c (1 - p_c)^gamma y_c log p_c. `cross-entropy`: the same with alpha 1 and gamma 0.
   */
  readonly kind?: 'focal' | 'cross-entropy';
  /** Focusing exponent of `focal`, 0 or more; default 2. */
  readonly gamma?: number;
  /** Factor of `focal`, for all classes alike or one per class; default 0.25. */
  readonly alpha?: number | readonly number[];
  /**
   * Factor per class on top of alpha; `balanced` gives rows / (classes x rows of the class). Default `none`:
   * every class weighs 1.
   */
  readonly classWeights?: 'none' | 'balanced' | readonly number[];
  /**
   * Share s of each target that is spread evenly over the C classes (Szegedy et al. 2016): (1 - s) y + s / C, from 0 to
   * below 1; also in the loss of validation rows, as in Keras. Default 0.
   */
  readonly labelSmoothing?: number;
  /**
   * Exponent p, 0 .. 1: a training row of a collection with n rows of its class weighs n^-p of the others; what a class
   * weighs as a whole stays the same. 0 (default) counts rows, 1 counts collections. See `collectionWeights`.
   */
  readonly collectionBalance?: number;
}

/** A loss ready for use: gamma, one factor per class, and the share of the targets that is spread over all classes. */
export interface Loss {
  readonly gamma: number;
  readonly factors: Float64Array;
  readonly smoothing: number;
}

/** Probabilities are kept this far from 0 and 1 (Keras' epsilon). */
const CLIP = 1e-7;

/**
 * Resolves the options of a loss for a number of classes.
 *
 * @param labels training labels, needed for `balanced` weights only.
 * @throws UserError (`input`) when a list has not one entry per class or a value is negative.
 */
export function resolveLoss(options: LossOptions, classes: number, labels: Int32Array): Loss {
  const { kind = 'focal', classWeights = 'none', labelSmoothing = 0, collectionBalance = 0 } = options;
  const gamma = kind === 'focal' ? (options.gamma ?? 2) : 0;
  const alpha = kind === 'focal' ? (options.alpha ?? 0.25) : 1;
  if (!(gamma >= 0)) throw inputError(`focal gamma ${gamma}: must be 0 or more`);
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw inputError(`label smoothing ${labelSmoothing}: must be from 0 to below 1`);
  if (!(collectionBalance >= 0 && collectionBalance <= 1))
    throw inputError(`collection balance ${collectionBalance}: must be from 0 to 1`);
  const perClass = (values: readonly number[], what: string): Float64Array => {
    if (values.length !== classes)
      throw inputError(`${what}: ${values.length} values for ${classes} classes; give one per class`);
    if (values.some((value) => !(value >= 0))) throw inputError(`${what}: values must be 0 or more`);
    return Float64Array.from(values);
  };
  const factors =
    typeof alpha === 'number' ? new Float64Array(classes).fill(alpha) : perClass(alpha, 'focal alpha');
  const weights =
    classWeights === 'balanced'
      ? balancedWeights(labels, classes)
      : classWeights === 'none'
        ? new Float64Array(classes).fill(1)
        : perClass(classWeights, 'class weights');
  return {
    gamma,
    factors: factors.map((factor, c) => factor * weights[c]!),
    smoothing: labelSmoothing,
  };
}

/** rows / (classes x rows of the class), 0 for a class without rows; the mean over rows is 1 when none is empty. */
export function balancedWeights(labels: Int32Array, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label]!++;
  return counts.map((count) => (count === 0 ? 0 : labels.length / (classes * count)));
}

/**
 * Softmax of each row, written over `logits` (float32, rows x classes) after computing in float64.
 */
export function softmaxInPlace(logits: Float32Array, classes: number): Float32Array {
  for (let start = 0; start < logits.length; start += classes) {
    let largest = -Infinity;
    for (let c = 0; c < classes; c++) if (logits[start + c]! > largest) largest = logits[start + c]!;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(logits[start + c]! - largest);
    for (let c = 0; c < classes; c++) logits[start + c] = Math.exp(logits[start + c]! - largest) / sum;
  }
  return logits;
}

/**
 * Sum over rows of the loss, and its gradient with respect to the logits.
 *
 * Targets are smoothed first, see `LossOptions.labelSmoothing`. With q = softmax(z) clipped to [1e-7, 1 - 1e-7], g_c = dL/dq_c (0 where the clip acts):
 * dL/dz_j = q_j (g_j - sum_c g_c q_c).
 *
 * @param probabilities softmax outputs, rows x classes.
 * @param targets class numbers (one per row), or a distribution per row (rows x classes; e.g. mixed rows; rows that
 *   weigh more or less sum to their weight).
 * @param gradient where the gradient goes (rows x classes), or undefined when only the value is wanted.
 * @param scale factor on the gradient (1 / batch size for the mean).
 * @returns sum of the rows' losses (not scaled).
 */
export function lossAndGradient(
  loss: Loss,
  probabilities: Float32Array,
  targets: Int32Array | Float32Array,
  gradient: Float32Array | undefined,
  scale = 1,
): number {
  const { gamma, factors, smoothing } = loss;
  const classes = factors.length;
  const rows = probabilities.length / classes;
  const hard = targets instanceof Int32Array;
  let total = 0;
  const slope = new Float64Array(classes);
  for (let r = 0; r < rows; r++) {
    const start = r * classes;
    let mean = 0;
    let spread = 0;
    if (smoothing > 0) {
      spread = smoothing / classes;
      if (!hard) spread *= targets.subarray(start, start + classes).reduce((sum, own) => sum + own, 0);
    }
    for (let c = 0; c < classes; c++) {
      const target = hard ? (targets[r] === c ? 1 : 0) : targets[start + c]!;
      const y = smoothing > 0 ? (1 - smoothing) * target + spread : target;
      slope[c] = 0;
      if (y === 0) continue;
      const p = probabilities[start + c]!;
      const q = Math.min(Math.max(p, CLIP), 1 - CLIP);
      const log = Math.log(q);
      const factor = y * factors[c]!;
      const focus = gamma === 0 ? 1 : (1 - q) ** gamma;
      total -= factor * focus * log;
      if (q !== p) continue;
      const focusSlope = gamma === 0 ? 0 : gamma * (1 - q) ** (gamma - 1);
      slope[c] = factor * (focusSlope * log - focus / q);
      mean += slope[c]! * p;
    }
    if (gradient === undefined) continue;
    for (let c = 0; c < classes; c++)
      gradient[start + c] = scale * probabilities[start + c]! * (slope[c]! - mean);
  }
  return total;
}
