import { distance as editDistance } from 'fastest-levenshtein';

/** The known name that is most like a misspelt one; undefined where none is near. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
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
