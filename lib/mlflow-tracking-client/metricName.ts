import { createHash } from 'node:crypto';

/** Longest name, in bytes of UTF-8: with a prefix and `_high` it stays below the 250 characters of MLflow's columns. */
const LONGEST = 120;
const HASH_DIGITS = 12;

const REFUSED = /[^\p{L}\p{N}_.\- ]+/gu;
/** Endings that have a meaning of their own: the bounds of an interval, and the hash of a name that was changed. */
const TAKEN = new RegExp(`(_low|_high|-[0-9a-f]{${HASH_DIGITS}})$`);

/**
 * A metric, parameter or tag name (or one part of it, between slashes) for a label that someone chose: a class, a row
 * of a comparison, a system. Different labels have different names.
 *
 * A label that MLflow takes as it is (letters and digits of any script, `_ . -` and inner spaces) is its own name. Any
 * other becomes what is readable of it and 12 digits of its SHA-256: "C#" is "C-6ffd81afd26c", and "🐦" "label-…". So
 * do labels longer than 120 bytes, with a slash (file stores make folders of it), decomposed letters, space at an end
 * (some databases ignore it), or an ending that names an interval's bound.
 *
 * `metricNames` also separates labels that databases without regard to case or accents take for one.
 */
export function metricName(label: string): string {
  return isName(label) ? label : hashedName(label);
}

/**
 * The names of labels that belong together, see `metricName`. Labels that differ only in case, accents or width
 * ("C" and "c") all carry their hash: MySQL and file systems without regard to case would overwrite one with the other.
 *
 * @returns one name for each distinct label.
 */
export function metricNames(labels: readonly string[]): Map<string, string> {
  const distinct = [...new Set(labels)];
  const met = new Map<string, number>();
  for (const label of distinct) met.set(folded(label), (met.get(folded(label)) ?? 0) + 1);
  return new Map(
    distinct.map((label) => [label, met.get(folded(label))! > 1 ? hashedName(label) : metricName(label)]),
  );
}

function isName(label: string): boolean {
  return (
    label !== '' &&
    label === label.normalize('NFC') &&
    label === label.trim() &&
    label.search(REFUSED) < 0 &&
    !/^\.|\.$/.test(label) &&
    !TAKEN.test(label) &&
    Buffer.byteLength(label) <= LONGEST
  );
}

function hashedName(label: string): string {
  const hash = createHash('sha256').update(label).digest('hex').slice(0, HASH_DIGITS);
  const clean = label.normalize('NFC').replace(REFUSED, '_');
  let readable = '';
  for (const character of clean) {
    if (Buffer.byteLength(readable + character) > LONGEST - HASH_DIGITS - 1) break;
    readable += character;
  }
  readable = readable.replace(/^[_. ]+|[_. ]+$/g, '');
  return `${readable === '' ? 'label' : readable}-${hash}`;
}

const folded = (label: string): string =>
  label.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase();
