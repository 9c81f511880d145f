import type { Command } from 'commander';
import type { ProtemClient } from '../sdk/client.js';
import type { ConnectOptions } from './connect.js';
import type { Columns, OutputOptions } from './output.js';
import { UsageError } from './terminal.js';
import type { Terminal } from './terminal.js';

export type VerbOptions = ConnectOptions &
  OutputOptions & { readonly input?: boolean; readonly yes?: boolean };

/** What an action of a verb has. */
export interface Verb<Own = object> {
  readonly client: ProtemClient;
  readonly terminal: Terminal;
  readonly options: VerbOptions & Own;
  /** Prints data. */
  print(value: unknown, columns?: Columns): Promise<void>;
  /** Says something to a person, unless --quiet. */
  say(text: string): void;
}

/** Adds the options that every verb of a client has. */
export const clientOptions = (command: Command): Command =>
  command
    .option('--url <url>', 'address of the broker (PROTEM_URL)')
    .option(
      '--token-file <file>',
      'file of the token, read anew for each request (PROTEM_TOKEN_FILE, PROTEM_TOKEN)',
    )
    .option('--token-command <command>', 'command that prints the token (PROTEM_TOKEN_COMMAND)')
    .option('-q, --quiet', 'say nothing on stderr but errors')
    .option('--no-input', 'never ask a question');

/** And those of verbs that print an answer. */
export const answerOptions = (command: Command): Command =>
  clientOptions(command)
    .option('-o, --output <format>', 'table, json or yaml; a table on a terminal, JSON elsewhere')
    .option('--field <path>', 'print only this part of the answer, such as revocation.effect')
    .option('--curl', 'print the call as a curl command, and do nothing');

/** Gives an action its client and its output; both are loaded only when it runs. */
export function acting<Own = object>(
  terminal: Terminal,
  act: (verb: Verb<Own>, ...args: string[]) => Promise<void>,
): (...all: unknown[]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    const options = command.opts<VerbOptions & Own>();
    const [{ connect }, { print }] = await Promise.all([import('./connect.js'), import('./output.js')]);
    await act(
      {
        client: connect(terminal, options),
        terminal,
        options,
        print: (value, columns) => print(terminal, options, value, columns),
        say: (text) => void (options.quiet === true || terminal.err.write(`${text}\n`)),
      },
      ...(all.slice(0, -2) as string[]),
    );
  };
}

/** A question before something that cannot be undone. @throws UsageError where nobody can answer */
export async function confirm(
  { terminal, options }: Pick<Verb, 'terminal' | 'options'>,
  question: string,
  word: string,
): Promise<boolean> {
  if (options.yes === true) return true;
  if (options.input === false || !terminal.input.isTTY || !terminal.err.isTTY)
    throw new UsageError('Nobody can be asked here: give --yes when you mean it.');
  const { createInterface } = await import('node:readline/promises');
  const asking = createInterface({ input: terminal.input, output: terminal.err });
  const answer = await asking.question(`${question}\nType "${word}" to go on: `);
  asking.close();
  return answer.trim() === word;
}

/** `name=text` and `name:=json`, given any number of times. @throws UsageError */
export function parameterOf(text: string, before: Readonly<Record<string, unknown>> = {}) {
  const [, name = '', json, value = ''] = /^([^=:]+)(:?)=(.*)$/s.exec(text) ?? [];
  if (name === '') throw new UsageError(`"${text}" is no parameter: write name=text, or name:=json.`);
  try {
    return { ...before, [name]: json === ':' ? (JSON.parse(value) as unknown) : value };
  } catch {
    throw new UsageError(`What stands after "${name}:=" is not JSON.`);
  }
}
