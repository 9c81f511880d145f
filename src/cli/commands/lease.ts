import type { Command } from 'commander';
import type { Lease } from '../../sdk/index.js';
import { listed } from '../listed.js';
import { radiusOf, radiusText, revokeMany } from '../revoke-many.js';
import { UsageError } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { acting, answerOptions, confirm } from '../verb.js';
import type { Verb } from '../verb.js';

const columns = {
  id: 'id',
  state: 'state',
  credential: 'credential',
  agent: 'agent',
  expires: 'expiresAt',
  effect: 'revocation.effect',
  because: 'revocation.cause',
  fault: 'revocation.lastFault',
};

type Filters = Partial<Record<'state' | 'task' | 'agent' | 'provider' | 'credential' | 'effect', string>>;

/** `protem lease`: the records of credentials. */
export function addLeases(program: Command, terminal: Terminal): void {
  const leases = program.command('lease').description('see, renew and revoke leases');
  const verb = (name: string, description: string) =>
    answerOptions(leases.command(name).description(description));

  verb('ls', 'list leases: those that are not over first, in the order in which they are due')
    .option('--state <state>', 'only in this state')
    .option('--task <id>', 'only of this task')
    .option('--agent <id>', 'only of this agent')
    .option('--provider <name>', 'only of this provider')
    .option('--credential <entry>', 'only of this catalog entry')
    .option('--effect <effect>', 'only with this effect of revoking')
    .option('--limit <number>', 'at most so many', '50')
    .action(
      acting(terminal, (one: Verb<Filters & { limit: string }>) => {
        const { state, task, agent, provider, credential, effect } = one.options;
        return listed(one, '/v1/leases', { state, task, agent, provider, credential, effect }, columns);
      }),
    );
  verb('get', 'see a lease')
    .argument('<lease>')
    .action(acting(terminal, async (one, lease = '') => one.print(await one.client.findLease(lease))));
  verb('renew', 'carry a lease on: policy is asked again')
    .argument('<lease>')
    .option('--ttl <duration>', 'how long it should last from now')
    .option('--reason <text>', 'why, for the audit log')
    .option('--show-secret', 'print the new secret too, where there is one')
    .action(acting(terminal, renew));
  verb('revoke', 'revoke a lease, or all leases of a task')
    .argument('[lease]')
    .option('--task <id>', 'end this task and revoke all that it has')
    .option('--dry-run', 'only say what would be revoked')
    .option('--reason <text>', 'why, for the audit log')
    .option('-y, --yes', 'do not ask')
    .option('--sync', 'wait until the provider has confirmed')
    .action(acting(terminal, revoke));
}

async function renew(one: Verb<{ ttl?: string; reason?: string; showSecret?: boolean }>, lease = '') {
  const { ttl, reason, showSecret } = one.options;
  const ask = { ...(ttl !== undefined && { ttl }), ...(reason !== undefined && { reason }) };
  const { lease: renewed, secret } = await one.client.renew(lease, ask);
  if (secret && !showSecret) one.say('It has a new secret, which is not shown: --show-secret would have.');
  await one.print({ lease: renewed, ...(showSecret && secret && { secret }) });
}

interface RevokeOptions {
  task?: string;
  dryRun?: boolean;
  reason?: string;
  sync?: boolean;
}

async function revoke(one: Verb<RevokeOptions>, lease?: string): Promise<void> {
  const { task, dryRun, reason, sync } = one.options;
  if ((lease === undefined) === (task === undefined)) throw new UsageError('Name a lease, or give --task.');
  if (lease !== undefined) {
    if (dryRun) return one.print([await one.client.findLease(lease)], columns);
    const revoking = await one.client.release(lease, reason);
    return one.print(sync ? await ended(one, revoking) : revoking);
  }
  const body = { task, ...(reason !== undefined && { reason }) };
  if (dryRun || one.options.curl !== true) {
    const radius = await radiusOf(one, body);
    if (dryRun) return one.print(radius);
    const question = `This ends ${task} and ${radiusText(radius)}.`;
    if (!(await confirm(one, question, task ?? ''))) throw new UsageError('Nothing was revoked.');
  }
  const done = await revokeMany(one, body);
  if (!sync) return one.print(done);
  const leases: Lease[] = [];
  for await (const each of one.client.list<Lease>('/v1/leases', { task }))
    leases.push(await ended(one, each));
  await one.print(leases, columns);
}

const over = new Set(['revoked', 'expired']);

/** The lease when it is over; says what stands in the way, as it is by then. */
async function ended(one: Verb, lease: Lease): Promise<Lease> {
  const { pause } = await import('../../sdk/call.js');
  let told = lease.revocation.attempts;
  if (lease.state === 'stuck') one.say(`${lease.id} was stuck ${tries(lease)}; it is waited for the next.`);
  for (let now = lease; ; now = await one.client.findLease(lease.id)) {
    if (over.has(now.state)) return now;
    if (now.state === 'stuck' && now.revocation.attempts > told)
      one.say(`${lease.id} is stuck ${tries(now)}; it is tried on.`);
    told = now.revocation.attempts;
    await pause(250);
  }
}

const tries = ({ revocation: { attempts, lastFault = 'no answer' } }: Lease): string =>
  `after ${attempts} attempt${attempts === 1 ? '' : 's'} (${lastFault})`;
