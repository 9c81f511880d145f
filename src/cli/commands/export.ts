import type { Command } from 'commander';
import { askOf, askOptions, taskFor } from '../asking.js';
import type { AskOptions } from '../asking.js';
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
    .option('--format <format>', format, 'process');
  askOptions(clientOptions(exporting)).action(acting(terminal, exported));

  const process = program
    .command('credential-process')
    .description('what credential_process of an AWS configuration runs: a session as JSON')
    .requiredOption('--credential <entry>', 'catalog entry');
  askOptions(clientOptions(process)).action(acting(terminal, exported));
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
  const more = options.approval === undefined ? {} : { approval: options.approval };
  const lease = await verb.client.acquire({ ...askOf(task.id, credential, options), ...more } as never, {
    waitForApproval: options.wait,
    // It is what the request fails with then, and is told once.
    ...(!options.wait && { onApprovalPending: () => {} }),
    ...(options.idempotencyKey !== undefined && { idempotencyKey: options.idempotencyKey }),
  });
  if (options.showSecret) return verb.print({ lease: lease.record, secret: lease.secret.reveal() });
  verb.say('The secret is not shown: --show-secret, "protem export" or "protem run" would have.');
  return verb.print({ lease: lease.record });
}

type ExportOptions = AskOptions & { credential: string; format?: string };

async function exported(verb: Verb<ExportOptions>): Promise<void> {
  const { client, terminal, options } = verb;
  const { formats, environmentOf, processOutput } = await import('../environment-of.js');
  const { format = 'process' } = options;
  if (!['process', 'json'].includes(format) && !Object.hasOwn(formats, format))
    throw new UsageError(
      `There is no format "${format}": process, json, ${Object.keys(formats).join(', ')}.`,
    );
  const task = await taskFor(client, terminal, options, usual(`export of ${options.credential}`));
  const lease = await client.acquire(askOf(task.id, options.credential, options));
  const secret = lease.secret.reveal();
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
    throw error;
  }
}
