import type { Command } from 'commander';

/** docs/cli.md: every command with its options, printed from the commands themselves, below what stands in `head`. */
export function cliReference(head: string, program: Command): string {
  const lines = [head.trimEnd(), ''];
  const walk = (command: Command, path: string) => {
    if (command.commands.length > 0) for (const one of command.commands) walk(one, `${path} ${one.name()}`);
    else lines.push(...described(command, path));
  };
  walk(program, 'protem');
  return `${lines.join('\n').trimEnd()}\n`;
}

function described(command: Command, path: string): string[] {
  const taken = command.registeredArguments.map((one) => {
    const name = `${one.name()}${one.variadic ? '...' : ''}`;
    return one.required ? ` <${name}>` : ` [${name}]`;
  });
  const rows = [
    ...command.registeredArguments
      .filter(({ description }) => description !== '')
      .map((one) => `- \`${one.name()}\`: ${one.description}`),
    ...command.options
      .filter(({ long = '' }) => !common.has(long))
      .map(
        ({ flags, description, mandatory }) =>
          `- \`${flags}\`${mandatory ? ' (required)' : ''}: ${description}`,
      ),
  ];
  const usual = command.options.some(({ long }) => long === '--curl')
    ? 'Takes the options of every client verb, and those of answers.'
    : command.options.some(({ long }) => long === '--token-file')
      ? 'Takes the options of every client verb.'
      : '';
  return [
    `### \`${path}${taken.join('')}\``,
    '',
    `${command.description().replace(/^./, (first) => first.toUpperCase())}. ${usual}`.trim(),
    '',
    ...rows,
    ...(rows.length > 0 ? [''] : []),
  ];
}

/** They stand once, in the head of the page. */
const common = new Set([
  '--url',
  '--token-file',
  '--token-command',
  '--quiet',
  '--no-input',
  '--output',
  '--field',
  '--curl',
]);
