import * as path from 'node:path';
import { CommanderError } from 'commander';
import { messageOf, UserError } from 'research-basics/errors';
import { readJson } from 'research-basics/files';
import { programOf } from './command';
import { commands } from './commands';
import { onInterrupt, stopSignal } from './interrupt';
import { processTerminal, restyled, type Terminal } from './terminal';

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
  const [name] = args;
  let code = 0;
  const program = programOf(commands, packageVersion(), terminal, async (command, options, positionals) => {
    onInterrupt(() => terminal.warn('stopping after the current step; Ctrl-C again stops now'));
    const style = { json: options['json'] !== undefined, quiet: options['quiet'] !== undefined };
    code = await command.run(options, positionals, restyled(terminal, style));
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      const where = commands.some((command) => command.name === name) ? `stm-lab ${name}` : 'stm-lab';
      const said = error.message
        .replace(/^error: /, '')
        .replace(/\n\(Did you mean (.+)\?\)$/, '; did you mean $1?');
      if (error.code !== 'commander.help') terminal.warn(`${where}: ${said}; see "${where} --help"`);
      return 2;
    }
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
