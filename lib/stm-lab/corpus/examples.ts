/**
 * Names in a sentence: all of a few, or three of them, spread over the list, and how many more there are.
 *
 * @param names at least one, in their order.
 * @returns e.g. `a.wav, b.wav` or `a.wav, k.wav, z.wav and 6,657 more`.
 */
export function withExamples(names: readonly string[], shown = 3): string {
  const show = (name: string): string => (name.length > 200 ? `${name.slice(0, 200)}…` : name);
  if (names.length <= shown) return names.map(show).join(', ');
  const some = Array.from(
    { length: shown },
    (_, i) => names[Math.floor((i * (names.length - 1)) / (shown - 1))]!,
  );
  return `${some.map(show).join(', ')} and ${(names.length - shown).toLocaleString('en')} more`;
}

/** A number with its noun: `1 recording`, `6,660 recordings`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
