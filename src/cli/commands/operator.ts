import type { Command } from 'commander';
import { present } from '../../kernel/present.js';
import { listed } from '../listed.js';
import { UsageError } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { acting, answerOptions, parameterOf } from '../verb.js';
import type { Verb } from '../verb.js';

const columns = {
  id: 'id',
  status: 'status',
  credential: 'request.credential',
  tool: 'request.tool',
  delegate: 'request.agent',
  agent: 'agent',
  expires: 'expiresAt',
};

/** `protem approvals`: what a person has to say. */
export function addOperators(program: Command, terminal: Terminal): void {
  const approvals = program.command('approvals').description('see and answer what waits for a person');
  const verb = (name: string, description: string) =>
    answerOptions(approvals.command(name).description(description));

  verb('ls', 'list questions, the latest first')
    .option('--agent <id>', 'only of this agent')
    .option('--pending', 'only those that wait for an answer; first those that run out next')
    .option('--limit <number>', 'at most so many', '50')
    .action(
      acting(terminal, (one: Verb<{ agent?: string; pending?: true; limit: string }>) =>
        listed(
          one,
          '/v1/approvals',
          { agent: one.options.agent, status: one.options.pending && 'pending' },
          columns,
        ),
      ),
    );
  verb('show', 'see one: what is verified, what is only claimed, and what was asked before')
    .argument('<approval>')
    .action(acting(terminal, async (one: Verb, id = '') => one.print(await found(one, id))));
  verb('approve', 'approve it as it is, or less of it')
    .argument('<approval>')
    .option('--reason <text>', 'why, for the audit log')
    .option('--ttl <duration>', 'approve a shorter time')
    .option('-p, --parameter <name=text>', 'approve narrower parameters', parameterOf)
    .action(acting(terminal, (one: Verb<DecisionOptions>, id = '') => decide(one, id, 'approve')));
  verb('deny', 'deny it; the agent sees the reason')
    .argument('<approval>')
    .requiredOption('--reason <text>', 'why')
    .action(acting(terminal, (one: Verb<DecisionOptions>, id = '') => decide(one, id, 'deny')));
  verb('cancel', 'take back what you have asked for yourself')
    .argument('<approval>')
    .option('--reason <text>', 'why')
    .action(acting(terminal, (one: Verb<{ reason?: string }>, id = '') => end(one, id, 'cancel')));
  verb(
    'revoke',
    'take an approval back, before it is used; after that, the lease that was had by it is revoked, or the sub-task ended',
  )
    .argument('<approval>')
    .requiredOption('--reason <text>', 'why')
    .action(acting(terminal, (one: Verb<{ reason?: string }>, id = '') => end(one, id, 'revoke')));
}

async function end(one: Verb<{ reason?: string }>, id: string, how: 'cancel' | 'revoke'): Promise<void> {
  const body = present({ reason: one.options.reason });
  await one.print(await one.client.call({ method: 'POST', path: `${pathOf(id)}/${how}`, body }));
}

interface DecisionOptions {
  reason?: string;
  ttl?: string;
  parameter?: Record<string, unknown>;
}

const pathOf = (id: string) => {
  if (!/^apr_[0-9A-Za-z]+$/.test(id)) throw new UsageError(`"${id}" is not the id of an approval.`);
  return `/v1/approvals/${id}`;
};

const found = ({ client }: Pick<Verb, 'client'>, id: string) =>
  client.call({ method: 'GET', path: pathOf(id) });

/** What is decided is what was shown: the digest of the request goes with it. */
async function decide(one: Verb<DecisionOptions>, id: string, decision: 'approve' | 'deny'): Promise<void> {
  const { reason, ttl, parameter } = one.options;
  const { digest } = (one.options.curl === true ? {} : await found(one, id)) as { digest?: string };
  const body = { decision, digest, reason, ttl, parameters: parameter };
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
  await one.print(await one.client.call({ method: 'POST', path: `${pathOf(id)}/decision`, body: given }));
}
