/**
 * Order of two strings by Unicode code point, as Python and NumPy sort. JavaScript's own `<` compares
 * UTF-16 code units, which puts U+10000 and above before U+E000 .. U+FFFF.
 *
 * @returns negative, zero or positive, for `Array.prototype.sort`.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let unitA = a.charCodeAt(i);
    let unitB = b.charCodeAt(i);
    if (unitA === unitB) continue;
    if (unitA >= 0xd800 && unitB >= 0xd800) {
      // Surrogates stand for code points above every other unit: swap the two ranges.
      unitA += unitA >= 0xe000 ? -0x800 : 0x2000;
      unitB += unitB >= 0xe000 ? -0x800 : 0x2000;
    }
    return unitA - unitB;
  }
  return a.length - b.length;
}

/** Distinct strings in code-point order, and for each input its place among them (`numpy.unique`). */
export interface UniqueCodes {
  readonly values: string[];
  readonly codes: Int32Array;
}

/** `numpy.unique(strings, return_inverse=True)`. */
export function uniqueCodes(strings: readonly string[]): UniqueCodes {
  const values = [...new Set(strings)].sort(compareCodePoints);
  const place = new Map(values.map((value, i) => [value, i]));
  return { values, codes: Int32Array.from(strings, (text) => place.get(text)!) };
}
