import type { Command } from 'commander';
import { listed } from '../listed.js';
import { findRevocation } from '../revoke-many.js';
import type { Terminal } from '../terminal.js';
import { acting, answerOptions } from '../verb.js';
import type { Verb } from '../verb.js';

const columns = {
  id: 'id',
  of: 'scope.of',
  name: 'scope.name',
  begun: 'begunAt',
  swept: 'sweptAt',
  total: 'total',
  pending: 'pending',
  stuck: 'stuck',
  by: 'by',
  reason: 'reason',
};
const blockColumns = {
  ...{ id: 'id', of: 'scope.of', name: 'scope.name' },
  ...{ since: 'at', by: 'by', reason: 'reason' },
};

/** `protem revocations` and `protem blocks`: what was stopped, and how far that is. */
export function addRevocations(program: Command, terminal: Terminal): void {
  const revocations = program
    .command('revocations')
    .description('see how far revocations of many leases are');
  answerOptions(revocations.command('ls').description('list revocations, the latest first'))
    .option('--limit <number>', 'at most so many', '50')
    .action(acting(terminal, (one: Verb<{ limit: string }>) => listed(one, '/v1/revocations', {}, columns)));
  answerOptions(
    revocations.command('show').description('see one: it is over when it is swept and nothing is pending'),
  )
    .argument('<revocation>')
    .action(acting(terminal, async (one: Verb, id = '') => one.print(await findRevocation(one, id))));
  const blocks = program.command('blocks').description('see what nothing is issued for');
  answerOptions(blocks.command('ls').description('list blocks; "protem unkill" lifts one')).action(
    acting(terminal, printBlocks),
  );
}

export async function printBlocks(one: Verb): Promise<void> {
  const { items } = (await one.client.call({ method: 'GET', path: '/v1/blocks' })) as { items: unknown[] };
  await one.print(items, blockColumns);
}
