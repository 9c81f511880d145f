import type { Command } from 'commander';
import { listed } from '../listed.js';
import { UsageError } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { acting, answerOptions, confirm } from '../verb.js';
import type { Verb } from '../verb.js';

const columns = {
  id: 'id',
  status: 'status',
  block: 'blockedBy.0.id',
  owner: 'owner',
  live: 'liveLeases',
  risk: 'risk',
};

/** `protem agents`: who they are, and which of them may ask. */
export function addAgents(program: Command, terminal: Terminal): void {
  const agents = program.command('agents').description('see agents, disable and enable them');
  answerOptions(agents.command('ls').description('list agents: of the settings, and seen'))
    .option('--limit <number>', 'at most so many', '50')
    .action(acting(terminal, (one: Verb<{ limit: string }>) => listed(one, '/v1/agents', {}, columns)));
  for (const [act, description] of [
    ['disable', 'disable an agent: it gets nothing, and what it has is revoked'],
    ['enable', 'enable an agent again; what it had stays revoked'],
  ] as const)
    answerOptions(agents.command(act).description(description))
      .argument('<agent>')
      .requiredOption('--reason <text>', 'why, for the audit log')
      .option('-y, --yes', 'do not ask')
      .action(acting(terminal, (one: Verb<{ reason: string }>, agent = '') => change(one, act, agent)));
}

async function change(
  one: Verb<{ reason: string }>,
  act: 'disable' | 'enable',
  agent: string,
): Promise<void> {
  const question = `All that ${agent} has is revoked.`;
  if (act === 'disable' && one.options.curl !== true && !(await confirm(one, question, agent)))
    throw new UsageError('Nothing was done.');
  const path = `/v1/agents/${encodeURIComponent(agent)}/${act}`;
  const call = { method: 'POST', path, body: { reason: one.options.reason }, safe: true } as const;
  const changed = (await one.client.call(call)) as Changed;
  if (act === 'disable' && changed.lastSeenAt === undefined && changed.owner === undefined)
    one.say(`No agent ${agent} was ever seen: see that the name is right. It is disabled all the same.`);
  if (act === 'enable')
    for (const { id, scope } of changed.blockedBy ?? [])
      one.say(
        `${agent} still gets nothing: ${id} stands for ${scope.of} ${scope.name}`.trimEnd() +
          '; "protem unkill" lifts it.',
      );
  await one.print(changed);
}

interface Changed {
  readonly lastSeenAt?: string;
  readonly owner?: string;
  readonly blockedBy?: readonly {
    readonly id: string;
    readonly scope: { readonly of: string; readonly name: string };
  }[];
}
