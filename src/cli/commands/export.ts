import type { Command } from 'commander';
import { askOf, askOptions, taskFor } from '../asking.js';
import type { AskOptions, TaskFor } from '../asking.js';
import { exitCodeOf, exitCodes } from '../exit-code.js';
import { UsageError } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { acting, answerOptions, clientOptions } from '../verb.js';
import type { Verb } from '../verb.js';

const usual = (what: string) => ({ intent: `protem ${what}`, deadline: '1h' });

/** `protem request`, `protem export` and `protem credential-process`: one credential, in one form or another. */
export function addExports(program: Command, terminal: Terminal): void {
  const request = program
    .command('request')
    .description('ask for a credential, and print its lease')
    .argument('<credential>', 'catalog entry')
    .option('--no-wait', 'do not wait for a person who has to approve: exit with 5')
    .option('--approval <id>', 'ask again by the approval that this same request has got')
    .option('--idempotency-key <key>', 'the same key with the same request is one request')
    .option('--show-secret', 'print the secret too, this once');
  askOptions(answerOptions(request)).action(acting(terminal, ask));

  const format = 'process, env, env-no-export, fish, powershell, windows-cmd, dotenv or json';
  const exporting = program
    .command('export')
    .description('ask for a credential, and print it for a shell or a program')
    .requiredOption('--credential <entry>', 'catalog entry')
    .option('--format <format>', `${format}; process for an AWS session, else json`);
  askOptions(clientOptions(exporting)).action(
    acting(terminal, (verb: Verb<ExportOptions>) => exported(verb, verb.options.format)),
  );

  const process = program
    .command('credential-process')
    .description('what credential_process of an AWS configuration runs: a session as JSON')
    .requiredOption('--credential <entry>', 'catalog entry');
  askOptions(clientOptions(process)).action(
    acting(terminal, (verb: Verb<ExportOptions>) => exported(verb, 'process')),
  );
}

type RequestOptions = AskOptions & {
  wait: boolean;
  approval?: string;
  idempotencyKey?: string;
  showSecret?: boolean;
};

async function ask(verb: Verb<RequestOptions>, credential = ''): Promise<void> {
  const { options } = verb;
  const task = await taskFor(verb.client, verb.terminal, options, usual('request'));
  const { approval } = options;
  if (approval !== undefined && options.wait && options.curl !== true) await verb.client.answered(approval);
  const more = approval === undefined ? {} : { approval };
  const asking = verb.client.acquire({ ...askOf(task.id, credential, options), ...more } as never, {
    waitForApproval: options.wait,
    // It is what the request fails with then, and is told once.
    ...(!options.wait && { onApprovalPending: () => {} }),
    ...(options.idempotencyKey !== undefined && { idempotencyKey: options.idempotencyKey }),
  });
  const lease = await acquired(verb, task, asking);
  if (options.showSecret) return verb.print({ lease: lease.record, secret: lease.secret.reveal() });
  verb.say('The secret is not shown: --show-secret, "protem export" or "protem run" would have.');
  return verb.print({ lease: lease.record });
}

/** A task that was opened for it ends with it when it fails; else whoever asked is told that there is one. */
async function acquired<Lease>(verb: Verb, task: TaskFor, asking: Promise<Lease>): Promise<Lease> {
  const lease = await asking.catch(async (error: unknown) => {
    // Whoever waits for a person asks again in the same task.
    if (exitCodeOf(error) === exitCodes.pending) sayOpened(verb, task);
    else await endOpened(verb.client, task);
    throw error;
  });
  sayOpened(verb, task);
  return lease;
}

function sayOpened(verb: Verb, { id, opened }: TaskFor): void {
  if (opened) verb.say(`Task ${id} was opened for it: "protem task end ${id}" ends it, and all that it has.`);
}

/** That it could not be ended is no news: its deadline ends it. */
async function endOpened(client: Verb['client'], { id, opened }: TaskFor): Promise<void> {
  if (opened) await client.endTask(id, 'failed').catch(() => {});
}

type ExportOptions = AskOptions & { credential: string; format?: string };

/** Without a format, that of what is issued. */
async function exported(verb: Verb<ExportOptions>, wanted?: string): Promise<void> {
  const { client, terminal, options } = verb;
  const { formats, environmentOf, isAws, processOutput } = await import('../environment-of.js');
  if (wanted !== undefined && !['process', 'json'].includes(wanted) && !Object.hasOwn(formats, wanted))
    throw new UsageError(
      `There is no format "${wanted}": process, json, ${Object.keys(formats).join(', ')}.`,
    );
  const task = await taskFor(client, terminal, options, usual(`export of ${options.credential}`));
  const lease = await acquired(verb, task, client.acquire(askOf(task.id, options.credential, options)));
  const secret = lease.secret.reveal();
  const format = wanted ?? (isAws(secret) ? 'process' : 'json');
  try {
    const text =
      format === 'process'
        ? processOutput(secret)
        : format === 'json'
          ? JSON.stringify(secret, undefined, 2)
          : (formats[format]?.(environmentOf(options.credential, secret)) ?? '');
    terminal.out.write(`${text}\n`);
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    await endOpened(client, task);
    throw error;
  }
}
