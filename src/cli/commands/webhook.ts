import { createHmac, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { UsageError } from '../terminal.js';
import type { Terminal } from '../terminal.js';

interface SignOptions {
  readonly scheme: string;
  readonly secretFile?: string;
  readonly id?: string;
  readonly timestamp?: string;
}

/** `protem webhook`: what an orchestrator sends when a task has ended, signed and sent by hand. */
export function addWebhooks(program: Command, terminal: Terminal): void {
  const webhooks = program.command('webhook').description('sign and try webhooks that end tasks');
  const signing = (name: string, description: string) =>
    webhooks
      .command(name)
      .description(description)
      .option('--scheme <scheme>', 'standard-webhooks, github or bearer', 'standard-webhooks')
      .option('--secret-file <file>', 'file of the secret (PROTEM_HOOK_SECRET)')
      .option('--id <id>', 'id of the delivery; a new one when left out')
      .option('--timestamp <seconds>', 'when it is sent, in seconds since 1970; now when left out');

  signing('sign', 'print the headers for the body that comes on stdin').action(
    async (options: SignOptions) => {
      const headers = signed(await text(terminal.input), await secretOf(terminal, options), options);
      for (const [name, value] of Object.entries(headers)) terminal.out.write(`${name}: ${value}\n`);
    },
  );

  signing('test', 'sign a delivery and send it to the broker; prints its answer')
    .requiredOption('--source <name>', 'the source, as the settings of the broker name it')
    .option('--task <id>', "end this task, in the shape of Protem's own")
    .option('--outcome <outcome>', 'completed, failed or cancelled', 'completed')
    .option('--body-file <file>', 'send this body instead')
    .option('--url <url>', 'address of the broker (PROTEM_URL)')
    .action(
      async (
        options: SignOptions &
          Record<'source' | 'outcome', string> &
          Partial<Record<'task' | 'bodyFile' | 'url', string>>,
      ) => {
        const url = options.url ?? terminal.environment['PROTEM_URL'];
        if (url === undefined) throw new UsageError('Where is the broker? Give --url or set PROTEM_URL.');
        if ((options.task === undefined) === (options.bodyFile === undefined))
          throw new UsageError('Give --task, or --body-file.');
        const body =
          options.bodyFile === undefined
            ? JSON.stringify({ type: `task.${options.outcome}`, data: { task_id: options.task } })
            : await readFile(options.bodyFile, 'utf8');
        const headers = signed(body, await secretOf(terminal, options), options);
        const target = `${url.replace(/\/+$/, '')}/v1/hooks/${encodeURIComponent(options.source)}`;
        const { exchangeBy } = await import('../exchange.js');
        const response = await exchangeBy(terminal.environment)(target, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body,
        });
        const answer = await response.text();
        terminal.out.write(`${answer}\n`);
        if (response.ok && answer.includes('"effect":"ignored"'))
          terminal.err.write(
            'It is proven, and ends no task: by the "tasks" of the source it is not about the end of one.\n',
          );
        if (!response.ok) {
          terminal.err.write(`The broker answered ${response.status}.\n`);
          process.exitCode = response.status === 401 ? 4 : 1;
        }
      },
    );
}

async function secretOf({ environment }: Terminal, { secretFile }: SignOptions): Promise<string> {
  const secret =
    secretFile === undefined ? environment['PROTEM_HOOK_SECRET'] : await readFile(secretFile, 'utf8');
  if (secret === undefined || secret.trim() === '')
    throw new UsageError('Set PROTEM_HOOK_SECRET, or give --secret-file.');
  return secret.trim();
}

/** Standard Webhooks 1.0 ("Signature scheme"); GitHub, "Validating webhook deliveries". */
function signed(
  body: string,
  secret: string,
  { scheme, id, timestamp }: SignOptions,
): Record<string, string> {
  switch (scheme) {
    case 'standard-webhooks': {
      const messageId = id ?? `msg_${randomUUID()}`;
      const at = timestamp ?? String(Math.floor(Date.now() / 1000));
      const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
      const signature = createHmac('sha256', key).update(`${messageId}.${at}.${body}`).digest('base64');
      return { 'webhook-id': messageId, 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}` };
    }
    case 'github':
      return {
        'x-github-delivery': id ?? randomUUID(),
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      };
    case 'bearer':
      return { authorization: `Bearer ${secret}` };
    default:
      throw new UsageError(`There is no scheme "${scheme}": standard-webhooks, github or bearer.`);
  }
}
