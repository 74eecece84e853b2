import * as path from 'node:path';
import { messageOf, UserError } from 'research-basics/errors';
import { readJson } from 'research-basics/files';
import { commandHelp, parseCommand, suggestion, type Command } from './command';
import { commands } from './commands';
import { onInterrupt, stopSignal } from './interrupt';
import { processTerminal, restyled, type Terminal } from './terminal';

/** The overview printed by `stm-lab --help`. */
export function overview(list: readonly Command[]): string {
  const width = Math.max(...list.map(({ name }) => name.length)) + 2;
  return [
    'stm-lab COMMAND [options]',
    '',
    'Spectrotemporal modulation of sound: features, splits, search, training, ablations, figures, all tracked.',
    '',
    'Commands',
    ...list.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    '',
    '"stm-lab COMMAND --help" describes one. Each works on the output of the one before;',
    '"reproduce" runs them all. "stm-lab --version" prints the version.',
    '',
  ].join('\n');
}

const isHelp = (word: string): boolean => word === '--help' || word === '-h';

/** The package's version, from its manifest beside `dist/`. */
const packageVersion = (): string =>
  readJson<{ version: string }>(path.join(__dirname, '..', '..', 'package.json')).version;

/**
 * Runs one command line.
 *
 * @param args words after `stm-lab`.
 * @returns exit code: 0 done, 1 done with failures, 2 unusable input, 3 broken installation, 130 interrupted (143 by
 *   SIGTERM, 129 by SIGHUP).
 */
export async function runCommandLine(
  args: readonly string[],
  terminal: Terminal = processTerminal(),
): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || isHelp(name) || name === 'help') {
    terminal.print(overview(commands));
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-V') {
    terminal.print(packageVersion());
    return 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    terminal.warn(
      `stm-lab: there is no command "${name}"${suggestion(
        name,
        commands.map((candidate) => candidate.name),
      )}; "stm-lab --help" lists them`,
    );
    return 2;
  }
  if (rest.some(isHelp)) {
    terminal.print(commandHelp(command));
    return 0;
  }
  onInterrupt(() => terminal.warn('stopping after the current step; Ctrl-C again stops now'));
  try {
    const { options, positionals } = parseCommand(command, rest, (sentence) =>
      terminal.warn(`stm-lab ${name}: ${sentence}`),
    );
    const json = options['json'] !== undefined;
    return await command.run(
      options,
      positionals,
      restyled(terminal, { json, quiet: options['quiet'] !== undefined }),
    );
  } catch (error) {
    terminal.progressDone();
    if (error instanceof UserError) {
      terminal.warn(error.message);
      return error.exitCode;
    }
    if (stopSignal() !== undefined) {
      // Whatever the interruption broke on its way out is no news.
      terminal.warn(`stm-lab ${name}: stopped on request; run it again to continue`);
      return 130;
    }
    terminal.warn(`stm-lab ${name}: ${messageOf(error)}`);
    if (error instanceof Error && error.stack !== undefined) terminal.warn(error.stack);
    return 1;
  }
}
