import { distance as editDistance } from 'fastest-levenshtein';

/** The known name that is most like a misspelt one; undefined where none is near. */
function nearestName(given: string, known: readonly string[]): string | undefined {
  const name = given.toLowerCase();
  const scored = known.map((one) => {
    const text = one.toLowerCase();
    // The last part alone may have been given: "gama" is near "loss.gamma".
    const last = text.split('.').at(-1)!;
    return { one, distance: Math.min(editDistance(name, text), editDistance(name, last) + 0.5) };
  });
  const best = scored.reduce((a, b) => (b.distance < a.distance ? b : a), { one: '', distance: Infinity });
  return best.distance <= Math.max(1.5, name.length / 3) ? best.one : undefined;
}

/** One sentence on a name that is none of those known, with the nearest of them: `"gama" is no X; did you mean "gamma"?`. */
export function unknownName(name: string, what: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return `"${name}" ${what}${near === undefined ? '' : `; did you mean "${near}"?`}`;
}
