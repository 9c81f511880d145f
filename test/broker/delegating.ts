import { expect } from '@jest/globals';
import { delegate } from '../fake/delegated.js';
import { grant } from '../../src/broker/grant.js';
import { openTask } from '../../src/broker/tasks.js';
import type { Principal } from '../../src/identity/principal.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Decision, Question } from '../../src/policy/decision.js';
import type { TaskScope } from '../../src/task/scope.js';
import type { Task } from '../../src/task/task.js';
import { agent, brokerPorts, entry, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const named = (name: string): Principal => ({ ...agent, id: `spiffe://example.org/agent/${name}` });
export const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(named) as [
  Principal,
  Principal,
  Principal,
  Principal,
  Principal,
];
export const reports = entry('pretend', {
  name: 'reports',
  environment: 'production',
  parameters: {
    prefix: { type: 'path', within: 'reports/', default: 'reports/' },
    columns: { type: 'set', values: ['x', 'y', 'z'], default: ['x', 'y', 'z'] },
    month: { type: 'enum', values: ['jan', 'feb'], default: 'jan' },
  },
});
const payments = entry('pretend', { name: 'payments' });

export const everything: TaskScope = { allowed: [{ credential: 'reports', limits: {} }] };
export const inAnHour = () => Date.now() + 3_600_000;
export const refusedAs = (code: string) => expect.objectContaining({ code });

export type Delegating = Awaited<ReturnType<typeof delegating>>;

/** Five agents that delegate to each other, and a policy that says what `decide` says; `other` is the ledger of another process. */
export async function delegating() {
  const prefix = uniquePrefix();
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix });
  const other = redisLedger(await connected(backends[0]!.url), { prefix });
  const policy = () => policyOf([reports, payments], (question?: Question) => it.decide(question!));
  const { ports } = brokerPorts(ledger, [pretendProvider()], { policy });
  const it = {
    ledger,
    other,
    ports,
    decide: (_question: Question): Decision => permitting(),
    /** A task of `a`. */
    rooted: (over: object = {}) =>
      openTask(it.ports, a, { intent: 'root', deadlineAt: inAnHour(), labels: { team: 'x' }, ...over }),
    below: (parent: Task, by: Principal, to: Principal, scope = everything, over: object = {}) =>
      delegate(it.ports, by, {
        ...{ parent: parent.id, agent: to.id, intent: `for ${to.id}` },
        ...{ deadlineAt: parent.deadlineAt, scope, ...over },
      }),
    asking: (task: Task, by: Principal, over: object = {}) =>
      grant(it.ports, by, { task: task.id, credential: 'reports', parameters: {}, ...over }),
    eventsOf: async (subject: string) =>
      (await ledger.log.read({ subject, pageSize: 200 })).items.map(({ event }) => event),
  };
  return it;
}
