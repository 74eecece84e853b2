import { randomState } from 'research-basics/random/mt19937';

/** Final regrets by problem, then method: one per seed, in the order of the seeds. */
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

const equal = (a: number, b: number): boolean => Math.abs(a - b) <= rounding;

/** Points of each value against the others of a row: 1 for each that is worse, a half for each that is equal. */
export function bordaPoints(row: readonly number[]): number[] {
  return row.map((own, i) =>
    row.reduce((points, other, j) => {
      if (i === j) return points;
      return points + (equal(own, other) ? 0.5 : own < other ? 1 : 0);
    }, 0),
  );
}

/** A method's place among all: 1 is best. */
export interface Standing {
  readonly method: string;
  /** Mean over problems and seeds; equal regrets share their ranks. */
  readonly meanRank: number;
  /** Mean share of the other methods that it beats, 0 .. 1. */
  readonly borda: number;
  /** Of the Borda share, 95 %, from 2,000 bootstrap samples of the seeds within each problem. */
  readonly interval: readonly [number, number];
}

/** All methods, best mean rank first. */
export function standings(regrets: Regrets, methods: readonly string[]): Standing[] {
  const others = Math.max(1, methods.length - 1);
  // points[problem][method][seed]
  const points = Object.values(regrets).map((row) => {
    const seeds = row[methods[0]!]!.map((_, seed) => bordaPoints(methods.map((one) => row[one]![seed]!)));
    return methods.map((_, m) => seeds.map((one) => one[m]! / others));
  });
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const random = randomState(1);
  return methods
    .map((method, m) => {
      const borda = mean(points.map((byMethod) => mean(byMethod[m]!)));
      const draws = Array.from({ length: 2000 }, () =>
        mean(
          points.map((byMethod) => {
            const own = byMethod[m]!;
            return mean(own.map(() => own[random.interval(own.length - 1)]!));
          }),
        ),
      );
      const interval = [quantile(draws, 0.025), quantile(draws, 0.975)] as const;
      return { method, meanRank: 1 + others * (1 - borda), borda, interval };
    })
    .sort((a, b) => a.meanRank - b.meanRank);
}

/** Two-sided sign test: the probability of a split at least as uneven when both sides are equally good; ties left out. */
export function signTest(won: number, lost: number): number {
  const n = won + lost;
  let term = 0.5 ** n;
  let tail = 0;
  for (let k = 0; k <= Math.min(won, lost); k++) {
    tail += term;
    term = (term * (n - k)) / (k + 1);
  }
  return Math.min(1, 2 * tail);
}

/** Problems by how two methods' medians compare. */
export function comparison(
  regrets: Regrets,
  method: string,
  rival: string,
): { won: string[]; tied: string[]; lost: string[] } {
  const found: { won: string[]; tied: string[]; lost: string[] } = { won: [], tied: [], lost: [] };
  for (const [problem, row] of Object.entries(regrets)) {
    const [ours, theirs] = [median(row[method]!), median(row[rival]!)];
    found[equal(ours, theirs) ? 'tied' : ours < theirs ? 'won' : 'lost'].push(problem);
  }
  return found;
}
