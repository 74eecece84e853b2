import * as path from 'node:path';
import { inputError, messageOf } from 'research-basics/errors';

/** A font that figures are drawn with. */
export interface FigureFont {
  /** Name under which a PDF knows it. */
  readonly name: string;
  readonly file: string;
  /** Which font of a collection (.ttc); undefined for a file with one. */
  readonly member: string | undefined;
  has(codePoint: number): boolean;
}

interface OpenFont {
  readonly postscriptName: string;
  readonly fonts?: readonly OpenFont[];
  hasGlyphForCodePoint(codePoint: number): boolean;
}

/** The font every figure is laid out for, as files (regular, bold); shipped as a package, never searched for on the machine. */
export function bundledFonts(): [string, string] {
  return [
    require.resolve('@expo-google-fonts/arimo/400Regular/Arimo_400Regular.ttf'),
    require.resolve('@expo-google-fonts/arimo/700Bold/Arimo_700Bold.ttf'),
  ];
}

const opened = new Map<string, FigureFont>();

/**
 * The fonts of PNG and PDF in the order in which a character looks for one: the bundled one (Latin, Greek, Cyrillic,
 * Hebrew), then the files that `STM_LAB_FONTS` names. Fonts of the machine are not searched: a figure is the same
 * everywhere.
 *
 * @throws UserError (`input`) for a file that is not a font.
 */
export function figureFonts(): FigureFont[] {
  const own = (process.env['STM_LAB_FONTS'] ?? '').split(path.delimiter).filter((file) => file !== '');
  return [bundledFonts()[0], ...own].map((file) => {
    const known = opened.get(file) ?? openFont(file);
    opened.set(file, known);
    return known;
  });
}

function openFont(file: string): FigureFont {
  let font: OpenFont;
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only where it is used
    font = (require('fontkit') as { openSync(file: string): OpenFont }).openSync(file);
  } catch (error) {
    throw inputError(`STM_LAB_FONTS: ${file} is not a font that can be read (${messageOf(error)})`, error);
  }
  const first = font.fonts?.[0];
  const used = first ?? font;
  return {
    name: path.basename(file),
    file,
    member: first?.postscriptName,
    has: (codePoint) => used.hasGlyphForCodePoint(codePoint),
  };
}

/** Codes of characters that no font has are printed up to this many, then their number. */
const CODES = 4;

/** A part of a text, and the place of the font that has its characters. */
export interface FontRun {
  readonly text: string;
  readonly font: number;
}

/**
 * Divides a text into runs of one font each. Characters that no font has become their codes ("U+9CE5") in the first
 * font: without, they would be drawn as boxes, all alike.
 */
export function fontRuns(text: string, fonts: readonly Pick<FigureFont, 'has'>[]): FontRun[] {
  const runs: { text: string; font: number }[] = [];
  const add = (part: string, font: number): void => {
    const last = runs.at(-1);
    if (last?.font === font) last.text += part;
    else runs.push({ text: part, font });
  };
  const characters = Array.from(text);
  const lacking = characters.filter((character) => placeOf(character, fonts) < 0).length;
  let coded = 0;
  for (const character of characters) {
    const font = placeOf(character, fonts);
    if (font >= 0) add(character, font);
    else if (++coded <= CODES) add(`${coded > 1 ? ' ' : ''}${codeOf(character)}`, 0);
    else if (coded === CODES + 1) add(` … (${lacking} characters)`, 0);
  }
  return runs;
}

const placeOf = (character: string, fonts: readonly Pick<FigureFont, 'has'>[]): number =>
  fonts.findIndex((font) => font.has(character.codePointAt(0)!));

const codeOf = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
