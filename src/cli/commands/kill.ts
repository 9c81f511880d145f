import type { Command } from 'commander';
import { radiusOf, radiusText, revokeMany } from '../revoke-many.js';
import { UsageError } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { acting, answerOptions, confirm } from '../verb.js';
import type { Verb } from '../verb.js';
import { printBlocks } from './revocations.js';

const scopes = ['task', 'agent', 'owner', 'provider', 'credential', 'issuer', 'all'];

interface KillOptions {
  scope: string;
  name?: string;
  reason?: string;
  block: boolean;
  dryRun?: boolean;
}

/** `protem kill` and `protem unkill`: what an operator stops, and lets go on. */
export function addKill(program: Command, terminal: Terminal): void {
  answerOptions(
    program.command('kill').description('stop issuing for all of a kind, and revoke all that is live of it'),
  )
    .requiredOption('--scope <kind>', scopes.join(', '))
    .option('--name <name>', 'which one: the id of a task or agent, or a name; not for all')
    .option('--reason <text>', 'why, for the audit log and for whoever finds the block; not for a dry run')
    .option('--no-block', 'revoke only: issuing goes on')
    .option('--dry-run', 'only say what would be revoked')
    .option('-y, --yes', 'do not ask')
    .action(acting(terminal, kill));
  answerOptions(
    program.command('unkill').description('lift a block: issuing goes on, what was revoked stays so'),
  )
    .argument('[block]', 'id of the block; without one, lists the blocks')
    .option('--reason <text>', 'why, for the audit log')
    .action(acting(terminal, unkill));
}

async function kill(one: Verb<KillOptions>): Promise<void> {
  const { scope, name, reason, block, dryRun } = one.options;
  if (!scopes.includes(scope)) throw new UsageError(`There is no scope "${scope}": ${scopes.join(', ')}.`);
  if ((name === undefined) !== (scope === 'all')) throw new UsageError('Give --name, but for the scope all.');
  if (reason === undefined && !dryRun) throw new UsageError('Give --reason.');
  const body = { [scope]: name ?? true, ...(reason !== undefined && { reason }), block };
  if (dryRun || one.options.curl !== true) {
    const radius = await radiusOf(one, body);
    if (radius.total + radius.approvals === 0 && name !== undefined)
      one.say(await whyNothing(one, scope, name));
    if (dryRun) return one.print(radius);
    const question = `This stops ${scope} ${name ?? ''} and ${radiusText(radius)}.`;
    if (!(await confirm(one, question, name ?? 'all'))) throw new UsageError('Nothing was stopped.');
  }
  await one.print(await revokeMany(one, body));
}

/** Of all but agents, a name that the broker does not know is refused. */
async function whyNothing({ client }: Verb<KillOptions>, scope: string, name: string): Promise<string> {
  const nothing = `No live lease or open approval is of ${scope} ${name} now`;
  if (scope !== 'agent') return `${nothing}.`;
  const { ProtemFault } = await import('../../sdk/protem-fault.js');
  try {
    await client.call({ method: 'GET', path: `/v1/agents/${encodeURIComponent(name)}` });
    return `${nothing}; the broker knows this agent.`;
  } catch (error) {
    if (error instanceof ProtemFault && error.code === 'agent.unknown')
      return `This broker has never seen an agent ${name}, nor do its settings have it: see that the name is right.`;
    return `${nothing}: see that the name is right.`;
  }
}

async function unkill(one: Verb<{ reason?: string }>, block?: string): Promise<void> {
  if (block === undefined) return printBlocks(one);
  const { reason } = one.options;
  if (reason === undefined) throw new UsageError('Give --reason.');
  const path = `/v1/blocks/${encodeURIComponent(block)}/lift`;
  const lifted = (await one.client.call({ method: 'POST', path, body: { reason } })) as { id?: string };
  if (lifted.id !== undefined) one.say(`${lifted.id} is lifted; what is told is the block as it was.`);
  await one.print(lifted);
}
