import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Decision, Policy, Question } from '../../src/policy/decision.js';
import type { Tool } from '../../src/task/chain.js';
import { brokerPorts, entry, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const tools = new Map<string, Tool>([
  ['s3.get', { kind: 'read', dataClass: 'internal' }],
  ['mail.send', { kind: 'write', dataClass: 'public' }],
]);

export const denied = (because: string[] = ['no']): Decision => ({ is: 'deny', because, errors: [] });
export const opening = { intent: 'test', deadlineAt: Date.now() + 3_600_000, labels: {} };

export type Stepping = Awaited<ReturnType<typeof stepping>>;

/** A policy that knows two tools and says what `decide` says; `other` is the ledger of another process. */
export async function stepping() {
  const prefix = uniquePrefix();
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix });
  const other = redisLedger(await connected(backends[0]!.url), { prefix });
  const policy = (): Policy => ({
    ...policyOf([entry('pretend')], (question?: Question) => it.decide(question!)),
    tools,
  });
  const provider = pretendProvider('pretend', { endsAfterMs: 600_000 });
  const { ports } = brokerPorts(ledger, [provider], { policy });
  const it = { ledger, other, ports, decide: (_question: Question): Decision => permitting() };
  return it;
}
