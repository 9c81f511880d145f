import type { Command } from 'commander';
import { UsageError } from '../terminal.js';
import type { Terminal } from '../terminal.js';

/** `protem completion`: words for a shell, from the commands themselves. */
export function addCompletion(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('print a completion script; for bash: source <(protem completion bash)')
    .argument('<shell>', 'bash, zsh or fish')
    .action((shell: string) => {
      const script = scripts[shell];
      if (!script) throw new UsageError(`There is no completion for "${shell}": bash, zsh or fish.`);
      terminal.out.write(script(wordsOf(program)));
    });
}

/** For each command, spelled as it is typed ("lease ls"), what may follow it. */
type Words = ReadonlyMap<string, readonly string[]>;

function wordsOf(program: Command): Words {
  const words = new Map<string, readonly string[]>();
  const walk = (command: Command, path: string) => {
    const options = command.options.flatMap(({ long }) => (long ? [long] : []));
    words.set(path, [...command.commands.map((one) => one.name()), ...options, '--help']);
    for (const one of command.commands) walk(one, `${path} ${one.name()}`.trim());
  };
  walk(program, '');
  return words;
}

const cases = (words: Words): string =>
  [...words].map(([path, next]) => `    '${path}') next='${next.join(' ')}' ;;`).join('\n');

// What has been typed so far, without options: the command that it is about.
const bash = (words: Words): string => `_protem() {
  local path='' next='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases(words)}
  esac
  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _protem protem
`;

const scripts: Readonly<Record<string, (words: Words) => string>> = {
  bash,
  zsh: (words) => `#compdef protem
autoload -U +X bashcompinit && bashcompinit
${bash(words)}`,
  fish: (words) =>
    [...words]
      .flatMap(([path, next]) => {
        const typed =
          path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`;
        return next.map((word) =>
          word.startsWith('--')
            ? `complete -c protem -n '${typed}' -l ${word.slice(2)}`
            : `complete -c protem -f -n '${typed}' -a ${word}`,
        );
      })
      .join('\n')
      .concat('\n'),
};
