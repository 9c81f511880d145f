import type { Command } from 'commander';
import { exitCodes } from '../exit-code.js';
import { listed } from '../listed.js';
import { UsageError } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { acting, answerOptions, parameterOf } from '../verb.js';
import type { Verb } from '../verb.js';

const columns = {
  id: 'id',
  status: 'status',
  credential: 'credential',
  by: 'by',
  ticket: 'ticket',
  opened: 'openedAt',
};

/** `protem break-glass`: what operators take in emergencies, and its review. */
export function addBreakGlass(program: Command, terminal: Terminal): void {
  const emergencies = program
    .command('break-glass')
    .description('take a credential in an emergency, and review what was taken');
  const verb = (name: string, description: string) =>
    answerOptions(emergencies.command(name).description(description));

  verb('take', 'take a credential yourself, with the role breakglass')
    .argument('<credential>', 'catalog entry')
    .requiredOption('--ticket <id>', 'the incident')
    .requiredOption('--reason <text>', 'why there is no other way')
    .option('--ttl <duration>', 'how long it should last, such as 5m')
    .option('-p, --parameter <name=text>', 'narrow the entry; name:=json for what is not text', parameterOf)
    .option('--approval <id>', 'ask again by the approval that this same request has got')
    .option('--show-secret', 'print the secret too, this once')
    .action(acting(terminal, take));
  verb('ls', 'list what was taken, the latest first')
    .option('--limit <number>', 'at most so many', '50')
    .action(acting(terminal, (one: Verb<{ limit: string }>) => listed(one, '/v1/break-glass', {}, columns)));
  verb('review', 'say whether it was justified; whoever took it cannot')
    .argument('<break-glass>')
    .requiredOption('--outcome <outcome>', 'justified or not_justified')
    .requiredOption('--note <text>', 'what was found')
    .action(acting(terminal, review));
}

interface TakeOptions {
  ticket: string;
  reason: string;
  ttl?: string;
  parameter?: Record<string, unknown>;
  approval?: string;
  showSecret?: boolean;
}

async function take(one: Verb<TakeOptions>, credential = ''): Promise<void> {
  const { ticket, reason, ttl, parameter, approval, showSecret } = one.options;
  const asked = { credential, ticket, reason, ttl, parameters: parameter, approval };
  const body = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const answer = await one.client.call({ method: 'POST', path: '/v1/break-glass', body });
  const { secret, ...taken } = answer as { secret?: object; approval?: { id: string; url: string } };
  if (taken.approval) {
    one.say(`A person has to approve this: ${taken.approval.url}`);
    one.say(`Then ask the same again with --approval ${taken.approval.id}.`);
    process.exitCode = exitCodes.pending;
  } else if (!showSecret) one.say('The secret is not shown: --show-secret would have.');
  await one.print({ ...taken, ...(showSecret && secret && { secret }) });
}

async function review(one: Verb<{ outcome: string; note: string }>, id = ''): Promise<void> {
  if (!/^bgl_[0-9A-Za-z]+$/.test(id)) throw new UsageError(`"${id}" is not the id of a break-glass.`);
  const { outcome, note } = one.options;
  const path = `/v1/break-glass/${id}/review`;
  await one.print(await one.client.call({ method: 'POST', path, body: { outcome, note } }));
}
