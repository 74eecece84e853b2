/**
 * The temperature T by which log-probabilities are divided so that held-out labels are most probable (Guo et al.
 * 2017): one number, so the most probable class stays what it is. Found by golden-section search over ln T.
 *
 * @param logProbabilities float64, rows x classes.
 * @param labels class of each row; rows whose class is -1 are left out.
 * @returns T between 0.05 and 20; 1 where there are no rows.
 */
export function fitTemperature(
  logProbabilities: Float64Array,
  labels: ArrayLike<number>,
  classes: number,
): number {
  const rows = Array.from({ length: labels.length }, (_, row) => row).filter((row) => labels[row]! >= 0);
  if (rows.length === 0) return 1;
  const loss = (logT: number): number => {
    const t = Math.exp(logT);
    let sum = 0;
    for (const row of rows) {
      const start = row * classes;
      let top = -Infinity;
      for (let c = 0; c < classes; c++) top = Math.max(top, logProbabilities[start + c]! / t);
      let total = 0;
      for (let c = 0; c < classes; c++) total += Math.exp(logProbabilities[start + c]! / t - top);
      sum += top + Math.log(total) - logProbabilities[start + labels[row]!]! / t;
    }
    return sum;
  };
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(0.05), Math.log(20)];
  for (let i = 0; i < 60; i++) {
    const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (loss(a) < loss(b)) high = b;
    else low = a;
  }
  return Math.exp((low + high) / 2);
}

/** Logarithm of a probability that is to be averaged with others': bounded, lest one alone rule out a class. */
export const boundedLog = (probability: number): number => Math.log(probability + 1e-6);

/**
 * Probabilities of log-probabilities at a temperature.
 *
 * @returns float32, rows x classes; each row sums to 1.
 */
export function atTemperature(
  logProbabilities: ArrayLike<number>,
  classes: number,
  temperature: number,
): Float32Array {
  const result = new Float32Array(logProbabilities.length);
  for (let start = 0; start < result.length; start += classes) {
    let top = -Infinity;
    for (let c = 0; c < classes; c++) top = Math.max(top, logProbabilities[start + c]! / temperature);
    let total = 0;
    for (let c = 0; c < classes; c++) total += Math.exp(logProbabilities[start + c]! / temperature - top);
    for (let c = 0; c < classes; c++)
      result[start + c] = Math.exp(logProbabilities[start + c]! / temperature - top) / total;
  }
  return result;
}
