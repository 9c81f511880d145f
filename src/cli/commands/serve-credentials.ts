import { once } from 'node:events';
import type { Command } from 'commander';
import { askOf, askOptions, taskFor } from '../asking.js';
import type { AskOptions } from '../asking.js';
import { withoutIdentity } from '../without-identity.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../terminal.js';
import { acting, clientOptions } from '../verb.js';
import type { Verb } from '../verb.js';

/** `protem serve-credentials`: AWS sessions for unchanged programs on this machine, until the task ends. */
export function addServeCredentials(program: Command, terminal: Terminal): void {
  const command = program
    .command('serve-credentials')
    .description('serve AWS sessions to SDKs on this machine, until the task ends')
    .argument('[command...]', 'after "--": a command to run with them; without one, prints what to export')
    .requiredOption('--credential <entry>', 'catalog entry')
    .option('--port <number>', 'port on 127.0.0.1; any free one when left out', '0')
    .option(
      '--token-in-environment',
      'the token as a variable too, for SDKs of 2023 and before, which read no file',
    )
    .option('--end-task', 'end the task even when it was given by --task');
  askOptions(clientOptions(command)).action(acting(terminal, serve));
}

type ServeOptions = AskOptions & {
  credential: string;
  port: string;
  tokenInEnvironment?: boolean;
  endTask?: boolean;
};

async function serve(verb: Verb<ServeOptions>, ...args: readonly unknown[]): Promise<void> {
  const { client, terminal, options } = verb;
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`"${options.port}" is not a port.`);
  const [{ AwsSession }, { serveContainer }, { runChild }, { formats }, { Signals }] = await Promise.all([
    import('../aws-session.js'),
    import('../container-server.js'),
    import('../child.js'),
    import('../environment-of.js'),
    import('../signals.js'),
  ]);
  const usual = { intent: `protem serve-credentials ${options.credential}`, deadline: '8h' };
  const signals = new Signals();
  const stopped = once(signals.early, 'abort');
  const task = await taskFor(client, terminal, options, usual);
  const session = new AwsSession(client, askOf(task.id, options.credential, options));
  const server = await serveContainer(port, () => session.current(), options);
  const words = (args[0] ?? []) as readonly string[];
  let outcome: 'completed' | 'failed' | 'cancelled' = 'failed';
  try {
    await Promise.race([session.current(), stopped]);
    signals.early.throwIfAborted();
    if (words.length > 0) {
      const environment = { ...terminal.environment, ...withoutIdentity, ...server.environment };
      const end = await runChild(terminal, words, { environment, hidden: undefined, signals });
      outcome = signals.asked ? 'cancelled' : end.code === 0 ? 'completed' : 'failed';
      process.exitCode = end.code;
    } else {
      const given = Object.entries(server.environment).filter(([, value]) => value !== undefined);
      terminal.out.write(`${formats['env']?.(Object.fromEntries(given) as Record<string, string>)}\n`);
      const unset = Object.keys(server.environment).filter((name) => server.environment[name] === undefined);
      terminal.out.write(`unset ${unset.join(' ')}\n`);
      verb.say(`Serving ${options.credential} for ${task.id} until it is stopped or the task ends.`);
      await stopped;
      outcome = 'completed';
    }
  } finally {
    await server.close();
    if (task.opened || options.endTask) await client.endTask(task.id, outcome);
    else for (const lease of client.held) await lease[Symbol.asyncDispose]();
    signals.close();
  }
}
