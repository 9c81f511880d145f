import type { Command } from 'commander';
import { listed } from '../listed.js';
import { UsageError } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { acting, answerOptions, confirm } from '../verb.js';
import type { Verb } from '../verb.js';

export interface Radius {
  readonly total: number;
  readonly byProvider: Readonly<Record<string, number>>;
}

const scopes = ['task', 'agent', 'owner', 'provider', 'credential', 'issuer', 'all'];

interface KillOptions {
  scope: string;
  name?: string;
  reason: string;
  block: boolean;
  dryRun?: boolean;
}

/** `protem kill`, `protem unkill` and `protem agents`: what an operator stops, and lets go on. */
export function addKill(program: Command, terminal: Terminal): void {
  answerOptions(
    program.command('kill').description('stop issuing for all of a kind, and revoke all that is live of it'),
  )
    .requiredOption('--scope <kind>', scopes.join(', '))
    .option('--name <name>', 'which one: the id of a task or agent, or a name; not for all')
    .requiredOption('--reason <text>', 'why, for the audit log and for whoever finds the block')
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

  const agents = program.command('agents').description('see agents, disable and enable them');
  answerOptions(agents.command('ls').description('list agents: of the settings, and seen'))
    .option('--limit <number>', 'at most so many', '50')
    .action(
      acting(terminal, (one: Verb<{ limit: string }>) =>
        listed(
          one,
          '/v1/agents',
          {},
          { id: 'id', status: 'status', owner: 'owner', live: 'liveLeases', risk: 'risk' },
        ),
      ),
    );
  for (const [act, description] of [
    ['disable', 'disable an agent: it gets nothing, and what it has is revoked'],
    ['enable', 'enable an agent again; what it had stays revoked'],
  ] as const)
    answerOptions(agents.command(act).description(description))
      .argument('<agent>')
      .requiredOption('--reason <text>', 'why, for the audit log')
      .option('-y, --yes', 'do not ask')
      .action(
        acting(terminal, async (one: Verb<{ reason: string }>, agent = '') => {
          const question = `All that ${agent} has is revoked.`;
          if (act === 'disable' && !(await confirm(one, question, agent)))
            throw new UsageError('Nothing was done.');
          const path = `/v1/agents/${encodeURIComponent(agent)}/${act}`;
          const body = { reason: one.options.reason };
          await one.print(await one.client.call({ method: 'POST', path, body, safe: true }));
        }),
      );
}

async function kill(one: Verb<KillOptions>): Promise<void> {
  const { scope, name, reason, block, dryRun } = one.options;
  if (!scopes.includes(scope)) throw new UsageError(`There is no scope "${scope}": ${scopes.join(', ')}.`);
  if ((name === undefined) !== (scope === 'all')) throw new UsageError('Give --name, but for the scope all.');
  const body = { [scope]: name ?? true, reason, block };
  const call = { method: 'POST', path: '/v1/revocations' } as const;
  const radius = (await one.client.call({ ...call, body: { ...body, dryRun: true } })) as Radius;
  if (radius.total === 0 && name !== undefined)
    one.say(`No live lease is of ${scope} ${name}: see that the name is right.`);
  if (dryRun) return one.print(radius);
  const question = `This stops ${scope} ${name ?? ''} and ${radiusText(radius)}.`;
  if (!(await confirm(one, question, name ?? 'all'))) throw new UsageError('Nothing was stopped.');
  await one.print(await one.client.call({ ...call, body }));
}

/** What a revocation would do, in words. */
export const radiusText = ({ total, byProvider }: Radius): string => {
  const parts = Object.entries(byProvider).map(([provider, count]) => `${count} of ${provider}`);
  return `revokes ${total} leases${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
};

async function unkill(one: Verb<{ reason?: string }>, block?: string): Promise<void> {
  if (block === undefined) {
    const { items } = (await one.client.call({ method: 'GET', path: '/v1/blocks' })) as { items: unknown[] };
    return one.print(items, { id: 'id', of: 'scope.of', name: 'scope.name', by: 'by', reason: 'reason' });
  }
  const { reason } = one.options;
  if (reason === undefined) throw new UsageError('Give --reason.');
  const path = `/v1/blocks/${encodeURIComponent(block)}/lift`;
  await one.print(await one.client.call({ method: 'POST', path, body: { reason } }));
}
