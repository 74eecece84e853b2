/** Final regrets by problem, then method: one a seed, in the order of the seeds. */
export type Regrets = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

/** Value at a share of the way through the sorted values, between neighbours in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!);
}

const median = (values: readonly number[]): number => quantile(values, 0.5);
const short = (value: number): string =>
  Math.abs(value) < 1e-12 ? '0' : Math.abs(value) < 1e-3 ? value.toExponential(1) : value.toPrecision(3);

/** A table of medians with quartiles, one line a problem. */
export function regretTable(regrets: Regrets, methods: readonly string[]): string {
  const rows = [['problem', ...methods]];
  for (const [problem, row] of Object.entries(regrets)) {
    const cells = methods.map((method) => {
      const all = row[method]!;
      return `${short(median(all))} (${short(quantile(all, 0.25))} - ${short(quantile(all, 0.75))})`;
    });
    rows.push([problem, ...cells]);
  }
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]! + 2)).join('')).join('\n');
}

/** Rounding of a regret that is zero. */
const rounding = 1e-12;

/** Problems on which `method`'s median is at most `share` times the rival's, and the seeds won, with ties halved. */
export function comparison(
  regrets: Regrets,
  method: string,
  rival: string,
  share: number,
): { met: string[]; missed: string[]; seedsWon: Record<string, number> } {
  const met: string[] = [];
  const missed: string[] = [];
  const seedsWon: Record<string, number> = {};
  for (const [problem, row] of Object.entries(regrets)) {
    const ours = row[method]!;
    const theirs = row[rival]!;
    (median(ours) <= share * median(theirs) + rounding ? met : missed).push(problem);
    seedsWon[problem] = ours.reduce((sum, value, i) => {
      const difference = value - theirs[i]!;
      return sum + (Math.abs(difference) <= rounding ? 0.5 : difference < 0 ? 1 : 0);
    }, 0);
  }
  return { met, missed, seedsWon };
}
