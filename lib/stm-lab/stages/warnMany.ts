/** A warning about one item of many. */
export interface ItemWarning {
  /** The item, e.g. a path. */
  readonly about: string;
  readonly reason: string;
  /** The whole sentence; default `about: reason`. */
  readonly text?: string;
}

/** Up to this many items are listed one by one. */
const SHOWN = 50;
/** At most this many kinds of items get a line. */
const KINDS = 20;
/** Examples shown for each kind. */
const EXAMPLES = 3;

/**
 * Lists every item when there are at most 50. With more, items whose reasons differ only in names and numbers share one
 * line with their count and three examples, for at most 20 kinds: a corpus of a million recordings then fills one screen.
 *
 * @param where where all of them are listed, e.g. a file; ends the lines that leave some out.
 */
export function warnMany(
  items: readonly ItemWarning[],
  warn: ((line: string) => void) | undefined,
  where?: string,
): void {
  if (warn === undefined) return;
  if (items.length <= SHOWN) {
    items.forEach((item) => warn(textOf(item)));
    return;
  }
  const all = where === undefined ? '' : `; all are listed in ${where}`;
  const byKind = new Map<string, ItemWarning[]>();
  for (const item of items) {
    const kind = kindOf(item.reason);
    const own = byKind.get(kind);
    if (own === undefined) byKind.set(kind, [item]);
    else own.push(item);
  }
  const kinds = [...byKind.values()];
  for (const own of kinds.slice(0, KINDS)) {
    if (own.length <= EXAMPLES) own.forEach((item) => warn(textOf(item)));
    else
      warn(
        `${textOf(own[0]!)} (and ${own.length - 1} more like it, e.g. ${own
          .slice(1, EXAMPLES)
          .map(({ about }) => about)
          .join(', ')}${all})`,
      );
  }
  const others = kinds.slice(KINDS).reduce((sum, own) => sum + own.length, 0);
  if (others > 0) warn(`${others} more for ${kinds.length - KINDS} other reasons${all}`);
}

const textOf = ({ about, reason, text = `${about}: ${reason}` }: ItemWarning): string => text;

/** Reasons of one kind differ in quoted names, paths and numbers. */
const kindOf = (reason: string): string =>
  reason
    .replace(/"[^"]*"/g, '"…"')
    .replace(/\S*\/\S*/g, '…')
    .replace(/\d+([.,]\d+)*/g, '#');
