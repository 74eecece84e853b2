import { uniqueCodes } from '../base/codePoints';
import type { Role } from './roles';
import type { Split } from './split';

/** Recordings of one class in one fold. */
export interface BalanceCell {
  readonly fold: number;
  readonly role: Role;
  readonly label: string;
  readonly rows: number;
  readonly groups: number;
  /** Rows that an even division would give. */
  readonly even: number;
}

/** How evenly a split divides the classes. */
export interface BalanceReport {
  /** One per fold and class, fold by fold: rows of a table or a heat map. */
  readonly cells: readonly BalanceCell[];
  /** Totals of each class. */
  readonly classes: readonly ClassBalance[];
  /** One sentence for each class that a role lacks. */
  readonly warnings: readonly string[];
}

/** How the rows of one class fall to roles and folds. */
export interface ClassBalance {
  readonly label: string;
  readonly rows: number;
  readonly groups: number;
  readonly byRole: Readonly<Record<Role, number>>;
  /** Fewest and most rows in a fold, as a share of the even number; 1 and 1 for a perfect division. */
  readonly leastShare: number;
  readonly mostShare: number;
}

/** Counts of rows and groups for every fold and class, with the share of an even division. */
export function balanceReport(split: Split): BalanceReport {
  const { folds } = split.parameters;
  const { values: labels, codes } = uniqueCodes(split.labels);
  const rows = new Float64Array(folds * labels.length);
  const groups = Array.from({ length: folds * labels.length }, () => new Set<string>());
  for (let i = 0; i < codes.length; i++) {
    const at = split.fold[i]! * labels.length + codes[i]!;
    rows[at]!++;
    groups[at]!.add(split.groups[i]!);
  }
  const totals = labels.map((_, c) => {
    let total = 0;
    for (let k = 0; k < folds; k++) total += rows[k * labels.length + c]!;
    return total;
  });
  const roleOf = (fold: number): Role =>
    fold === folds - 1 ? 'test' : fold === folds - 2 ? 'validation' : 'train';
  const cells = Array.from(rows, (count, at): BalanceCell => {
    const [fold, c] = [Math.floor(at / labels.length), at % labels.length];
    const even = totals[c]! / folds;
    return { fold, role: roleOf(fold), label: labels[c]!, rows: count, groups: groups[at]!.size, even };
  });
  const classes = labels.map((label, c): ClassBalance => {
    const own = cells.filter((cell) => cell.label === label);
    const byRole = { train: 0, validation: 0, test: 0 };
    for (const cell of own) byRole[cell.role] += cell.rows;
    const shares = own.map((cell) => cell.rows / cell.even);
    const names = new Set(own.flatMap((_, fold) => [...groups[fold * labels.length + c]!]));
    return {
      label,
      rows: totals[c]!,
      groups: names.size,
      byRole,
      leastShare: Math.min(...shares),
      mostShare: Math.max(...shares),
    };
  });
  const warnings = classes.flatMap(({ label, byRole }) =>
    (['train', 'validation', 'test'] as const)
      .filter((role) => byRole[role] === 0)
      .map(
        (role) => `no recording of class "${label}" is in the ${role} part; its scores there mean nothing`,
      ),
  );
  return { cells, classes, warnings };
}
