/**
 * Widths of Arimo (the same as Arial, Liberation Sans and Helvetica), in thousandths of the font size, for
 * the characters from space to tilde. Vega guesses 0.8 of the size for every letter where there is no canvas
 * (true for none), which pushes axis titles and legends far from their place.
 */
const REGULAR =
  '278,278,355,556,556,889,667,191,333,333,389,584,278,333,278,278,556,556,556,556,556,556,556,556,556,556,278,278,584,584,584,556,1015,667,667,722,722,667,611,778,722,278,500,667,556,833,722,778,667,778,722,667,611,722,667,944,667,667,611,278,278,278,469,556,333,556,556,500,556,556,278,556,556,222,222,500,222,833,556,556,556,556,333,500,278,556,500,722,500,500,500,334,260,334,584';
const BOLD =
  '278,333,474,556,556,889,722,238,333,333,389,584,278,333,278,278,556,556,556,556,556,556,556,556,556,556,333,333,584,584,584,611,975,722,722,722,722,667,611,778,722,278,556,722,611,833,722,778,667,778,722,667,611,722,667,944,667,667,611,333,278,333,584,556,333,556,611,556,611,556,333,611,611,278,278,556,278,889,611,611,611,611,389,556,333,611,556,778,556,556,500,389,280,389,584';
const OTHERS: Readonly<Record<string, number>> = { '·': 333, '°': 400, '²': 333, '…': 1000, '→': 1000 };

const widths = { normal: REGULAR.split(',').map(Number), bold: BOLD.split(',').map(Number) };

/**
 * Width of one line of text.
 *
 * @param fontSize in px.
 * @returns px; for a character outside the table 0.58 of the size (the width of most signs), 1 for East Asian letters.
 */
export function textWidth(text: string, fontSize: number, weight: 'normal' | 'bold' = 'normal'): number {
  let thousandths = 0;
  for (const character of text) {
    thousandths += widths[weight][character.codePointAt(0)! - 32] ?? OTHERS[character] ?? widthOf(character);
  }
  return (thousandths * fontSize) / 1000;
}

/** East Asian letters and emoji fill a square, marks stand on the letter before them. */
function widthOf(character: string): number {
  if (/[\p{M}\p{Cf}]/u.test(character)) return 0;
  return /[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff01-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
    character,
  )
    ? 1000
    : 580;
}

/** Breaks text at spaces into lines of at most `maxWidth` px; a longer word stands alone on its line. */
export function wrapText(text: string, maxWidth: number, fontSize: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer, fontSize) > maxWidth) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}
