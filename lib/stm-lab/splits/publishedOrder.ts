import { compareCodePoints } from '../base/codePoints';

/** What the published order depends on, one entry per row. */
export interface PublishedOrderOptions {
  readonly labels: readonly string[];
  /** Corpus of each row; default: the first folder of its path. */
  readonly corpora?: readonly string[];
  readonly paths: readonly string[];
}

const DOMAINS = ['speech', 'music', 'env'];

/**
 * The order in which the paper fed its incremental PCA, whose result depends on it: speech, then music,
 * then environment; in each the corpora by code point of their names (upper case before lower case); in
 * a corpus the order of the rows. Other domains come last.
 *
 * @returns int32, the places 0 .. rows - 1 in that order.
 */
export function publishedOrder({ labels, paths, corpora }: PublishedOrderOptions): Int32Array {
  const corpus = corpora ?? paths.map((path) => path.split('/')[0]!);
  const domain = labels.map((label) => {
    const place = DOMAINS.indexOf(label.split(':')[0]!.trim());
    return place < 0 ? DOMAINS.length : place;
  });
  return Int32Array.from(labels.keys()).sort(
    (a, b) => domain[a]! - domain[b]! || compareCodePoints(corpus[a]!, corpus[b]!) || a - b,
  );
}
