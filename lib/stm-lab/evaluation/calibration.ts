import { mostProbable, type Predictions } from './predictions';

/** One bin of a reliability diagram. */
export interface ReliabilityBin {
  /** Confidences in (from, to]; the first bin includes its lower edge. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** Mean probability of the predicted class; NaN in an empty bin. */
  readonly confidence: number;
  /** Accuracy; NaN in an empty bin. */
  readonly accuracy: number;
}

/** How far probabilities can be taken at their word. */
export interface Calibration {
  /** Expected calibration error: mean over rows of |accuracy - confidence| of their bin (Guo et al. 2017). */
  readonly ece: number;
  /** Mean over rows of the squared distance between probabilities and the one-hot truth, 0 .. 2. */
  readonly brier: number;
  /** Mean of -ln p(true class), p kept at 1e-15 or more. */
  readonly logLoss: number;
  readonly bins: readonly ReliabilityBin[];
}

/**
 * Calibration of the predicted class over bins of equal width.
 *
 * @param binCount number of bins, 1 or more; default 15.
 */
export function calibration(predictions: Predictions, binCount = 15): Calibration {
  const { labels, probabilities, classes } = predictions;
  const predicted = mostProbable(probabilities, classes);
  const rows = new Float64Array(binCount);
  const confidence = new Float64Array(binCount);
  const right = new Float64Array(binCount);
  let brier = 0;
  let logLoss = 0;
  for (let r = 0; r < labels.length; r++) {
    const p = probabilities[r * classes + predicted[r]!]!;
    const bin = Math.min(Math.max(Math.ceil(p * binCount) - 1, 0), binCount - 1);
    rows[bin]!++;
    confidence[bin]! += p;
    if (predicted[r] === labels[r]) right[bin]!++;
    for (let c = 0; c < classes; c++)
      brier += (probabilities[r * classes + c]! - (labels[r] === c ? 1 : 0)) ** 2;
    logLoss -= Math.log(Math.max(probabilities[r * classes + labels[r]!]!, 1e-15));
  }
  const bins = Array.from(rows, (count, b) => ({
    from: b / binCount,
    to: (b + 1) / binCount,
    rows: count,
    confidence: count > 0 ? confidence[b]! / count : NaN,
    accuracy: count > 0 ? right[b]! / count : NaN,
  }));
  const ece =
    bins.reduce(
      (sum, bin) => sum + (bin.rows > 0 ? bin.rows * Math.abs(bin.accuracy - bin.confidence) : 0),
      0,
    ) / labels.length;
  return { ece, brier: brier / labels.length, logLoss: logLoss / labels.length, bins };
}
