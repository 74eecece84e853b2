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

/** Insertions, deletions and replacements that make one text of another (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
