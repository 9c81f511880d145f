import type { Command } from 'commander';
import { askOf, askOptions, taskFor } from '../asking.js';
import type { AskOptions } from '../asking.js';
import { UsageError } from '../terminal.js';
import { withoutIdentity } from '../without-identity.js';
import type { Terminal } from '../terminal.js';
import { acting, clientOptions } from '../verb.js';
import type { Verb } from '../verb.js';

const all = (text: string, before: readonly string[] = []) => [...before, text];

/** `protem run`: a command with credentials in its environment, which end with it. */
export function addRun(program: Command, terminal: Terminal): void {
  const command = program
    .command('run')
    .description('run a command with credentials in its environment, and end the task when it exits')
    .argument('<command...>', 'after "--": the command, with its own options')
    .requiredOption('--credential <entry>', 'catalog entry; may be given more than once', all)
    .option('--no-mask', 'leave the output of the command as it is, on the terminal itself')
    .option('--end-task', 'end the task even when it was given by --task')
    .option('--nested', 'run even inside another "protem run"')
    .option(
      '--keep-token',
      'leave PROTEM_TOKEN, and the names of a certificate, in the environment of the command',
    );
  askOptions(clientOptions(command)).action(acting(terminal, run));
}

type RunOptions = AskOptions & {
  credential: readonly string[];
  mask: boolean;
  endTask?: boolean;
  nested?: boolean;
  keepToken?: boolean;
};

async function run(verb: Verb<RunOptions>, ...args: readonly unknown[]): Promise<void> {
  const { client, terminal, options } = verb;
  if (terminal.environment['PROTEM_LEASE_ID'] && !options.nested)
    throw new UsageError(
      'This runs inside "protem run" already (PROTEM_LEASE_ID is set). Give --nested to do it.',
    );
  const [{ runChild }, { environmentOf, beforeAws, isAws }, { valuesOf }, { Signals }] = await Promise.all([
    import('../child.js'),
    import('../environment-of.js'),
    import('../mask.js'),
    import('../signals.js'),
  ]);
  const words = args[0] as readonly string[];
  const usual = { intent: `protem run ${words[0] ?? ''}`, deadline: '1h' };
  const signals = new Signals();
  // Not broken off: a task that is opened has to be known, to be ended.
  const task = await taskFor(client, terminal, options, usual);
  const ends = task.opened || options.endTask === true;
  const ending = endingOf(verb, task.id, ends);
  try {
    const leases = [];
    for (const entry of options.credential)
      leases.push(await client.acquire(askOf(task.id, entry, options), { signal: signals.early }));
    signals.early.throwIfAborted();
    const secrets = leases.map(({ record, secret }) => ({
      entry: record.credential,
      secret: secret.reveal(),
    }));
    const environment = {
      ...terminal.environment,
      ...(secrets.some(({ secret }) => isAws(secret)) &&
        Object.fromEntries(beforeAws.map((name) => [name, undefined]))),
      ...(!options.keepToken && withoutIdentity),
      ...Object.assign({}, ...secrets.map(({ entry, secret }) => environmentOf(entry, secret))),
      PROTEM_TASK: task.id,
      PROTEM_LEASE_ID: leases.map(({ id }) => id).join(','),
    } as Record<string, string | undefined>;
    const hidden = options.mask ? secrets.flatMap(({ secret }) => valuesOf(secret)) : undefined;
    const { code, written } = await runChild(terminal, words, { environment, hidden, signals });
    const ended = await ending(signals.asked ? 'cancelled' : code === 0 ? 'completed' : 'failed');
    process.exitCode = code === 0 && !ended ? 1 : code;
    await written;
  } catch (error) {
    await ending(signals.asked ? 'cancelled' : 'failed');
    throw error;
  } finally {
    signals.close();
  }
}

/** Ends the task, or gives back what was taken in a task of somebody else; false when that could not be said. */
function endingOf(verb: Verb, task: string, ends: boolean) {
  return async (outcome: 'completed' | 'failed' | 'cancelled'): Promise<boolean> => {
    try {
      if (ends) await verb.client.endTask(task, outcome);
      else for (const lease of verb.client.held) await lease.release();
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      verb.terminal.err.write(`${task} could not be ended; it ends at its deadline. ${why}\n`);
      return false;
    }
  };
}
