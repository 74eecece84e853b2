import { COMMON, choiceOption, type Command } from '../command';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

const optionsOf = (command: Command): [name: string, help: string][] =>
  Object.entries({ ...command.options, ...(command.passesOn === true ? {} : COMMON) }).map(
    ([name, { help }]) => [name, help],
  );

/** Completes commands, then options, then files; zsh reads it through bashcompinit. */
function bashScript(list: readonly Command[]): string {
  const cases = list.map(
    (command) =>
      `    ${command.name}) words="${optionsOf(command)
        .map(([name]) => `--${name}`)
        .join(' ')}" ;;`,
  );
  return [
    '_stm_lab() {',
    '  local word="${COMP_WORDS[COMP_CWORD]}" words=""',
    '  COMPREPLY=()',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W "${list.map(({ name }) => name).join(' ')}" -- "$word"))`,
    '    return',
    '  fi',
    '  case "${COMP_WORDS[1]}" in',
    ...cases,
    '  esac',
    '  case "$word" in',
    '    -*) COMPREPLY=($(compgen -W "$words --help" -- "$word")) ;;',
    '  esac',
    '}',
    'complete -o default -F _stm_lab stm-lab',
  ].join('\n');
}

function fishScript(list: readonly Command[]): string {
  const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
  return list
    .flatMap((command) => [
      `complete -c stm-lab -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`,
      ...optionsOf(command).map(
        ([name, help]) =>
          `complete -c stm-lab -n '__fish_seen_subcommand_from ${command.name}' -l ${name} -d ${quoted(help)}`,
      ),
    ])
    .join('\n');
}

/** The command that prints a completion script for the commands of a list. */
export const completionOf = (list: () => readonly Command[]): Command => ({
  name: 'completion',
  summary: 'Print a script that completes commands and options in your shell.',
  positionals: SHELLS.join('|'),
  options: {},
  details: [
    'bash: eval "$(stm-lab completion bash)" in ~/.bashrc. zsh: the same with zsh, in ~/.zshrc.',
    'fish: stm-lab completion fish > ~/.config/fish/completions/stm-lab.fish',
  ].join('\n'),
  example: 'eval "$(stm-lab completion bash)"',
  run(_options, [shell = ''], terminal) {
    const wanted = choiceOption({ completion: shell }, 'completion', SHELLS, 'bash');
    if (wanted === 'zsh') terminal.print('autoload -U +X bashcompinit && bashcompinit');
    terminal.print(wanted === 'fish' ? fishScript(list()) : bashScript(list()));
    return Promise.resolve(0);
  },
});
