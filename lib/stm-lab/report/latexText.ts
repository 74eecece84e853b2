/** What pdfLaTeX's T1 and TS1 fonts print by themselves, beside ASCII. */
const IN_FONTS =
  /[\u00a1-\u00ac\u00ae-\u0125\u0128-\u0137\u0139-\u013e\u0141-\u0148\u014a-\u0165\u0168-\u017e–—‘’“”…€]/u;

const REPLACED: ReadonlyMap<string, string> = new Map([
  ['\\', '\\textbackslash{}'],
  ['{', '\\{'],
  ['}', '\\}'],
  ['~', '\\textasciitilde{}'],
  ['^', '\\textasciicircum{}'],
  ['`', '\\textasciigrave{}'],
  ['<', '\\textless{}'],
  ['>', '\\textgreater{}'],
  ['|', '\\textbar{}'],
  ['"', '\\textquotedbl{}'],
  ['\u00a0', '~'],
  ['\u00ad', '\\-'],
  ['−', '$-$'],
  ['±', '$\\pm$'],
  ['×', '$\\times$'],
  ['≤', '$\\le$'],
  ['≥', '$\\ge$'],
  ['→', '$\\rightarrow$'],
  ['²', '$^2$'],
  ['µ', '$\\mu$'],
  ['μ', '$\\mu$'],
]);

/** Pairs that LaTeX's fonts would join to another character ("--" to a dash). */
const JOINED = /([-,'!?])(?=[-,'`])/g;

/**
 * Text with everything escaped that LaTeX would act on; no character is lost or joined with its neighbour. Letters and
 * signs beyond the fonts of pdfLaTeX stay as they are: `latexCharacters` declares them in the preamble.
 */
export function escapeLatex(text: string): string {
  return spacesOnly(text).split(' ').map(escapeWord).join(' ');
}

/** Words longer than this, such as labels of hundreds of characters, may be broken anywhere … */
const LONG_WORD = 40;
/** … after this many characters. */
const PIECE = 16;

function escapeWord(word: string): string {
  const letters = Array.from(word);
  if (letters.length <= LONG_WORD) return escapeCharacters(word);
  const pieces = Array.from({ length: Math.ceil(letters.length / PIECE) }, (_, i) =>
    letters.slice(PIECE * i, PIECE * (i + 1)).join(''),
  );
  return pieces.map(escapeCharacters).join('\\hspace{0pt}');
}

function escapeCharacters(text: string): string {
  const separated = text.replace(JOINED, '$1\u0000');
  return Array.from(separated, (character) => {
    if (character === '\u0000') return '{}';
    const known = REPLACED.get(character);
    if (known !== undefined) return known;
    if ('#$%&_'.includes(character)) return `\\${character}`;
    // Control characters and halves of pairs cannot stand in a file.
    return /[\p{Cc}\p{Cs}]/u.test(character) ? `\\stmcode{${hexOf(character)}}` : character;
  }).join('');
}

/** White space of any kind as single spaces: an empty line would end a table's cell. */
const spacesOnly = (text: string): string => text.normalize('NFC').replace(/[\t\n\v\f\r\u2028\u2029]+/g, ' ');

const hexOf = (character: string): string =>
  character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');

/** Fonts with many scripts that XeLaTeX and LuaLaTeX look for, in this order. */
const FONTS = [
  'FreeSerif',
  'Noto Sans',
  'DejaVu Sans',
  'Noto Serif CJK SC',
  'Noto Sans CJK SC',
  'FandolSong',
  'IPAexMincho',
  'Noto Sans Arabic',
  'Noto Sans Devanagari',
  'Noto Emoji',
  'Symbola',
];

/**
 * Lines of a preamble for the characters of a document that pdfLaTeX's fonts lack. With XeLaTeX and LuaLaTeX each is
 * set in the document's font, or else the first installed one of `FONTS` that has it. Where there is none, and with
 * pdfLaTeX, its code is printed in its place ("U+9CE5"), so that nothing is lost and the document compiles.
 *
 * Characters are set one by one: scripts whose letters join (Arabic, Devanagari) are readable, not beautiful.
 *
 * @param body the document's escaped text.
 */
export function latexCharacters(body: string): string[] {
  const missing = [...new Set(body)].filter(
    (character) => !/[\n\x20-\x7e]/.test(character) && !IN_FONTS.test(character),
  );
  return [
    '\\newcommand\\stmcode[1]{{\\normalfont\\ttfamily\\scriptsize U+#1}\\hspace{1pt}}',
    ...(missing.length === 0
      ? []
      : [
          '% Characters beyond Latin: typeset by XeLaTeX and LuaLaTeX where a font has them, else printed as their code.',
          '\\ifPDFTeX',
          '\\newcommand\\stmdeclare[1]{\\DeclareUnicodeCharacter{#1}{\\stmcode{#1}}}',
          '\\else',
          '\\newcommand\\stmfonts{}',
          '\\newcommand\\stmfont[2]{\\IfFontExistsTF{#2}{\\newfontfamily#1{#2}[NFSSFamily=stm\\string#1]%',
          '  \\expandafter\\def\\expandafter\\stmfonts\\expandafter{\\stmfonts\\stmtry#1}}{}}',
          ...FONTS.map((font, i) => `\\stmfont\\stmfont${String.fromCharCode(97 + i)}{${font}}`),
          '\\newcommand\\stmtry[1]{\\ifx\\stmfound\\relax',
          '  {#1\\iffontchar\\font"\\stmpoint\\space\\char"\\stmpoint\\space\\gdef\\stmfound{}\\fi}\\fi}',
          '\\newcommand\\stmcharacter[1]{\\iffontchar\\font"#1 \\char"#1 \\else',
          '  {\\def\\stmpoint{#1}\\global\\let\\stmfound\\relax',
          '  \\stmfonts\\ifx\\stmfound\\relax\\stmcode{#1}\\fi}\\fi}',
          '\\newcommand\\stmdeclare[1]{\\catcode"#1=\\active',
          '  \\begingroup\\lccode`\\~="#1 \\lowercase{\\endgroup\\protected\\def~}{\\stmcharacter{#1}}}',
          '\\fi',
          ...missing.map((character) => `\\stmdeclare{${hexOf(character)}}`),
        ]),
  ];
}
