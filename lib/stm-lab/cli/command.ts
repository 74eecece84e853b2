import { parseArgs } from 'node:util';
import { closest, distance } from 'fastest-levenshtein';
import { inputError, messageOf } from 'research-basics/errors';
import type { Terminal } from './terminal';

/** One `--option` of a command. */
export interface OptionSpec {
  /** Value shown in the help, e.g. "M.csv"; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  /** Shown in the help; the command itself applies it. */
  readonly default?: string;
  readonly required?: 'yes';
  /** How it was spelt in the version before, which is understood with a notice. */
  readonly earlier?: string;
}

/** Parsed options: text for those with a value, 'yes' for switches that were given. */
export type OptionValues = Readonly<Record<string, string | undefined>>;

/** One word of the `stm-lab` command line. */
export interface Command {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** Positional arguments as shown in the help, e.g. "FILE...". */
  readonly positionals?: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Hands all its arguments, options included, to another program. */
  readonly passesOn?: true;
  /** What it reads and writes, file by file. */
  readonly details: string;
  readonly example: string;
  /** Returns the exit code; throws UserError for what the user can cure. */
  run(options: OptionValues, positionals: readonly string[], terminal: Terminal): Promise<number>;
}

/** Options of every command. */
export const COMMON: Readonly<Record<string, OptionSpec>> = {
  json: { help: 'print tables as one line of JSON per row, and everything else to standard error' },
  quiet: { help: 'print warnings and errors only' },
};

/** The complete `--help` text of a command. */
export function commandHelp(command: Command): string {
  const rows = Object.entries(command.options).map(([name, spec]) => {
    const left = `--${name}${spec.value === undefined ? '' : ` ${spec.value}`}`;
    const tail = spec.required
      ? ' (required)'
      : spec.default === undefined
        ? ''
        : ` (default: ${spec.default})`;
    return [left, `${spec.help}${tail}`] as const;
  });
  if (command.passesOn !== true)
    for (const [name, { help }] of Object.entries(COMMON)) rows.push([`--${name}`, help]);
  rows.push(['-h, --help', 'this text']);
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  const positionals = command.positionals === undefined ? '' : ` ${command.positionals}`;
  return [
    `stm-lab ${command.name}${positionals} [options]`,
    '',
    command.summary,
    '',
    command.details,
    '',
    'Options',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`),
    '',
    'Example',
    `  ${command.example}`,
    '',
  ].join('\n');
}

/** "; did you mean X?" for a word that is nearly one of those known, at most two letters of five apart; else "". */
export function suggestion(word: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const near = closest(word, known);
  return distance(word, near) <= 0.4 * word.length ? `; did you mean ${near}?` : '';
}

/**
 * Splits a command's arguments into options and positionals.
 *
 * @param notice called with options in their earlier spelling
 *
 * @throws UserError (`input`) for an unknown option, a missing value or a missing required option.
 */
export function parseCommand(
  command: Command,
  args: readonly string[],
  notice: (sentence: string) => void = () => undefined,
): { options: OptionValues; positionals: string[] } {
  if (command.passesOn === true) return { options: {}, positionals: [...args] };
  const specs = Object.entries({ ...command.options, ...COMMON });
  const config = Object.fromEntries(
    specs.flatMap(([name, { value, earlier }]) => {
      const type = value === undefined ? ('boolean' as const) : ('string' as const);
      return [name, ...(earlier === undefined ? [] : [earlier])].map((spelling) => [spelling, { type }]);
    }),
  );
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options: config,
      allowPositionals: command.positionals !== undefined,
      strict: true,
    });
  } catch (error) {
    const [, unknown] = /^Unknown option '(--[^']+)'/.exec(messageOf(error)) ?? [];
    const known = specs.map(([name]) => `--${name}`);
    throw inputError(
      `stm-lab ${command.name}: ${messageOf(error)}${unknown === undefined ? '' : suggestion(unknown, known)}; see "stm-lab ${command.name} --help"`,
      error,
    );
  }
  const options: Record<string, string | undefined> = Object.fromEntries(
    Object.entries(parsed.values).map(([name, value]) => [name, value === true ? 'yes' : String(value)]),
  );
  for (const [name, { earlier }] of specs) {
    // An earlier spelling may now be an option of another meaning.
    if (earlier === undefined || options[earlier] === undefined || earlier in command.options) continue;
    if (options[name] !== undefined)
      throw inputError(`stm-lab ${command.name}: --${earlier} is the earlier name of --${name}; give one`);
    notice(`--${earlier} is now called --${name}; the earlier name will be removed in the next version`);
    options[name] = options[earlier];
    delete options[earlier];
  }
  for (const [name, spec] of specs) {
    if (spec.required && options[name] === undefined) {
      throw inputError(
        `stm-lab ${command.name}: --${name} ${spec.value ?? ''} is required; see "stm-lab ${command.name} --help"`,
      );
    }
  }
  return { options, positionals: parsed.positionals };
}

/**
 * An option as a whole number.
 *
 * @throws UserError (`input`) naming option, value and range.
 */
export function integerOption(
  options: OptionValues,
  name: string,
  range: { readonly min: number; readonly max?: number; readonly fallback: number },
): number {
  const text = options[name];
  if (text === undefined) return range.fallback;
  const value = Number(text);
  const max = range.max ?? Number.MAX_SAFE_INTEGER;
  if (!Number.isInteger(value) || value < range.min || value > max) {
    throw inputError(
      `--${name} ${text}: must be a whole number of at least ${range.min}${range.max === undefined ? '' : ` and at most ${range.max}`}`,
    );
  }
  return value;
}

/**
 * An option as one of a few words.
 *
 * @throws UserError (`input`) naming option, value and the accepted words.
 */
export function choiceOption<T extends string>(
  options: OptionValues,
  name: string,
  choices: readonly T[],
  fallback: T,
): T {
  const text = options[name];
  if (text === undefined) return fallback;
  if (!(choices as readonly string[]).includes(text)) {
    throw inputError(`--${name} ${text}: must be one of ${choices.join(', ')}`);
  }
  return text as T;
}

/**
 * An option of the form K/N, a part of N counted from 1.
 *
 * @throws UserError (`input`) naming option and value.
 */
export function shardOption(
  options: OptionValues,
  name: string,
): { readonly number: number; readonly of: number } | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  const [number, of] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).slice(1).map(Number);
  if (number === undefined || of === undefined || number < 1 || number > of)
    throw inputError(`--${name} ${text}: must be K/N with K from 1 to N, such as 3/8`);
  return { number, of };
}
