import { inputError } from 'research-basics/errors';
import type { Role } from './roles';

/** Rows to be checked: the group and the fold of each. */
export interface LeakageCheck {
  readonly groups: readonly string[];
  readonly fold: Int32Array;
}

/** A group that lies in more than one fold. */
export interface Leak {
  readonly group: string;
  readonly folds: number[];
}

/** Groups that lie in more than one fold, in the order in which they are met. */
export function findLeaks({ groups, fold }: LeakageCheck): Leak[] {
  const first = new Map<string, number>();
  const leaking = new Map<string, Set<number>>();
  for (let row = 0; row < groups.length; row++) {
    const group = groups[row]!;
    const seen = first.get(group);
    if (seen === undefined) first.set(group, fold[row]!);
    else if (seen !== fold[row]!) {
      if (!leaking.has(group)) leaking.set(group, new Set([seen]));
      leaking.get(group)!.add(fold[row]!);
    }
  }
  return [...leaking].map(([group, folds]) => ({ group, folds: [...folds].sort((a, b) => a - b) }));
}

/**
 * Makes sure that no group lies in two folds. Every split passes here before anything is trained on it.
 *
 * @throws UserError (`input`) naming a leaking group and its folds.
 */
export function checkLeakage(check: LeakageCheck): void {
  const leaks = findLeaks(check);
  if (leaks.length > 0) throw inputError(`${describeLeaks(leaks)}; split again`);
}

/** One sentence on leaking groups, naming the first. */
export function describeLeaks(leaks: readonly Leak[]): string {
  const { group, folds } = leaks[0]!;
  const others = leaks.length > 1 ? ` (and ${leaks.length - 1} more groups in several folds)` : '';
  return `group "${group}" is in folds ${folds.join(' and ')}${others}: what is learnt from it in training would be tested on it`;
}

/** Training, validation and test share how many groups, as counted, in a few words. */
export function describeSharing({
  groups,
  roles,
}: {
  readonly groups: readonly string[];
  readonly roles: readonly Role[];
}): string {
  const places: readonly Role[] = ['train', 'validation', 'test'];
  const shared = findLeaks({ groups, fold: Int32Array.from(roles, (role) => places.indexOf(role)) });
  if (shared.length === 0) return 'no group in two of training, validation and test';
  const { group, folds } = shared[0]!;
  const names = folds.map((place) => places[place]).join(' and ');
  return `${shared.length} of ${new Set(groups).size} groups in several of training, validation and test ("${group}" in ${names})`;
}
