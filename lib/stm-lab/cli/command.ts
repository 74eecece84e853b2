import { Command as Program, InvalidArgumentError, Option } from 'commander';
import { inputError } from 'research-basics/errors';
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

type Run = (command: Command, options: OptionValues, positionals: readonly string[]) => Promise<void>;

/**
 * The command line as a program of commander. It prints help and the version, and ends with a `CommanderError` after them
 * and on unusable words.
 *
 * @param run called with the command, its options and its positional arguments
 */
export function programOf(list: readonly Command[], version: string, terminal: Terminal, run: Run): Program {
  const print = (text: string): void => terminal.print(text.trimEnd());
  const program = new Program('stm-lab')
    .description(
      'Spectrotemporal modulation of sound: features, splits, search, training, ablations, figures, all tracked.',
    )
    .usage('COMMAND [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this text')
    .addHelpCommand('help [COMMAND]', 'Describe a command, as "stm-lab COMMAND --help" does.')
    .addHelpText('after', '\nEach command works on the output of the one before; "reproduce" runs them all.')
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ helpWidth: 120, subcommandTerm: (command) => command.name() })
    .configureOutput({ writeOut: print, writeErr: print, outputError: () => undefined });
  for (const command of list) addCommand(program, command, terminal.warn.bind(terminal), run);
  return program;
}

function addCommand(program: Program, command: Command, warn: (sentence: string) => void, run: Run): void {
  const specs = Object.entries({ ...command.options, ...(command.passesOn === true ? {} : COMMON) });
  const sub = program
    .command(command.name)
    .summary(command.summary)
    .description(`${command.summary}\n\n${command.details}`)
    .usage(`${command.positionals ?? ''} [options]`.trim())
    .allowExcessArguments(command.positionals !== undefined)
    .addHelpText('after', `\nExample\n  ${command.example}`);
  if (command.passesOn === true) sub.allowUnknownOption().passThroughOptions();
  const text = (value: string): string => {
    if (['help', ...specs.map(([name]) => name)].some((name) => value === `--${name}`))
      throw new InvalidArgumentError('That is an option; its value is missing');
    return value;
  };
  for (const [name, { value, help, default: fallback, required, earlier }] of specs) {
    const option = (spelling: string, description?: string): Option => {
      const flag = new Option(`--${spelling}${value === undefined ? '' : ` <${value}>`}`, description);
      return value === undefined ? flag : flag.argParser(text);
    };
    const tail = required ? ' (required)' : fallback === undefined ? '' : ` (default: ${fallback})`;
    const current = option(name, help + tail).makeOptionMandatory(required !== undefined);
    sub.addOption(current);
    // An earlier spelling may now be an option of another meaning.
    if (earlier !== undefined && !(earlier in command.options))
      sub.addOption(option(earlier).hideHelp().conflicts(current.attributeName()));
  }
  sub.action(async () => {
    const options: Record<string, string | undefined> = {};
    for (const option of sub.options) {
      const value: unknown = sub.getOptionValue(option.attributeName());
      if (option.negate ? value === false : value !== undefined)
        options[option.long!.slice(2)] = typeof value === 'string' ? value : 'yes';
    }
    for (const [name, { earlier }] of specs) {
      if (earlier === undefined || earlier in command.options || options[earlier] === undefined) continue;
      warn(
        `stm-lab ${command.name}: --${earlier} is now called --${name}; the earlier name will be removed in the next version`,
      );
      options[name] = options[earlier];
    }
    await run(command, options, sub.args);
  });
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
