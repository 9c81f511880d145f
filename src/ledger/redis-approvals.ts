import type {
  Answer,
  Approval,
  ApprovalState,
  Granted,
  Matter,
  NewApproval,
  TakenBack,
} from '../approval/approval.js';
import { isOfDelegation, isOfStep } from '../approval/approval.js';
import { Fault } from '../kernel/fault.js';
import { approvalIdPattern } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import type { ApprovalLedger } from './approval-ledger.js';
import { decodePageToken, encodePageToken } from './page-token.js';
import { blocked, refusal } from './redis-leases.js';
import { redisLog } from './redis-log.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';

type Body = Matter & Pick<NewApproval, 'demand'>;

const states: Readonly<Record<string, ApprovalState>> = {
  p: 'pending',
  a: 'approved',
  d: 'denied',
  c: 'cancelled',
  r: 'revoked',
  x: 'expired',
  u: 'used',
};
const codeOf = (state: ApprovalState): string =>
  Object.keys(states).find((code) => states[code] === state) ?? '';

export function redisApprovals(
  redis: RedisClient,
  run: RunScript,
  prefix: string,
  { retentionMs, idempotencyMs }: { readonly retentionMs: number; readonly idempotencyMs: number },
  heard: (storeNow: number) => void,
): ApprovalLedger {
  async function find(id: string): Promise<Approval | undefined> {
    // The name of any other record would be one as well.
    if (!approvalIdPattern.test(id)) return undefined;
    const fields = await redis.hgetall(`${prefix}:${id}`).catch((cause: unknown) => {
      throw unavailable(cause);
    });
    return fields['b'] === undefined ? undefined : toApproval(id, fields);
  }
  const found = async (id: string): Promise<Approval> => {
    const approval = await find(id);
    if (!approval) throw unavailable(new Error('the record of an approval is gone'));
    return approval;
  };

  return {
    find,

    async open(
      { id, agent, task, digest, ...rest },
      event,
      { pendingMs, pendingPerAgent, askRate },
      { provider = '', entry = '', issuer = '', owner },
      idempotency,
    ) {
      const [is, first, second] = (await run(
        'open-approval',
        id,
        agent,
        task ?? '',
        digest,
        JSON.stringify(rest satisfies Body),
        pendingMs,
        pendingPerAgent,
        JSON.stringify(event),
        rest.demand.persons,
        retentionMs,
        askRate.most,
        askRate.withinSeconds * 1000,
        idempotency?.key ?? '',
        idempotency?.digest ?? '',
        idempotencyMs,
        provider,
        entry,
        issuer,
        owner,
      )) as [string, string | number, number];
      if (is === 'task.ended')
        throw new Fault('task.ended', 'The task has ended; nothing more is asked for it.');
      if (is === 'idempotency.reused') throw refusal(is);
      if (is === 'blocked') throw blocked(String(first));
      if (is === 'limit' || is === 'rate') return { is, againInMs: Number(first) };
      if (is === 'denied') return { is, approval: await found(String(first)), againInMs: second };
      if (is === 'same') return { is, approval: await found(String(first)) };
      heard(Number(first));
      return { is: 'opened', approval: await found(id) };
    },

    async list({ agent, pending, pageSize, pageToken }) {
      const [score = '', member = ''] = decodePageToken(pageToken, /^\d{1,16}$/, approvalIdPattern) ?? [];
      const set = pending ? 'pending-approvals' : 'approvals';
      const ofAgent = agent === undefined ? set : `${set}:${agent}`;
      const order = pending ? 'up' : 'down';
      const page = (await run('page', ofAgent, order, score, member, pageSize)) as string[];
      const ids = page.filter((_, index) => index % 2 === 0);
      const items = (await Promise.all(ids.map(find))).filter((approval) => approval !== undefined);
      if (ids.length < pageSize) return { items };
      return { items, nextPageToken: encodePageToken([page.at(-1)!, page.at(-2)!]) };
    },

    async answer(before, answer, { state, granted, forMs }, event) {
      const answered = await run(
        'answer-approval',
        before.id,
        before.answers.length,
        codeOf(state),
        JSON.stringify([...before.answers, answer]),
        granted ? JSON.stringify(granted) : '',
        forMs,
        JSON.stringify(event),
        retentionMs,
      );
      return answered === 1;
    },

    close: async (id, as, event, which) => {
      const { by, reason } = event;
      const takenBack = JSON.stringify(present({ by, reason }) satisfies TakenBack);
      const text = JSON.stringify(event);
      return (await run('close-approval', id, codeOf(as), text, takenBack, which ?? '')) === 1;
    },

    expire: async (limit) => Number(await run('expire-approvals', limit, retentionMs)),

    async pending() {
      const now = Number(await run('now'));
      return redis.zcount(`${prefix}:pending-approvals`, now, '+inf').catch((cause: unknown) => {
        throw unavailable(cause);
      });
    },

    async usable() {
      const now = Number(await run('now'));
      const sets = [`${prefix}:pending-approvals`, `${prefix}:approved-approvals`];
      const ids = await Promise.all(sets.map((set) => redis.zrange(set, now, '+inf', 'BYSCORE'))).catch(
        (cause: unknown) => {
          throw unavailable(cause);
        },
      );
      return [...new Set(ids.flat())];
    },

    async pastUse(agent, { entry = '', tool = '', delegate = '' }, within) {
      await redisLog(redis, run, prefix).seal();
      const [times, lastAt] = (await run('past-use', agent, entry, tool, delegate, within)) as [
        number,
        string,
      ];
      return { times, ...(lastAt !== '' && { lastAt: Number(lastAt) }) };
    },
  };
}

function toApproval(id: string, fields: Record<string, string>): Approval {
  const body = JSON.parse(fields['b']!) as Body;
  const state = states[fields['s'] ?? ''] ?? 'revoked';
  const isGiven =
    state === 'approved' || state === 'used' || (state === 'revoked' && fields['u'] !== undefined);
  const questioned = {
    id,
    digest: fields['g']!,
    agent: fields['a']!,
    ...(fields['k'] && { task: fields['k'] }),
    state,
    requestedAt: Number(fields['o']),
    expiresAt: Number(fields['t']),
    answers: JSON.parse(fields['d'] ?? '[]') as Answer[],
    ...(fields['u'] !== undefined && { approvedUntil: Number(fields['u']) }),
    ...(fields['c'] === 'task_end' && { cause: 'task_end' as const }),
    ...(fields['z'] !== undefined && { endedAt: Number(fields['z']) }),
    ...(fields['w'] !== undefined && { takenBack: JSON.parse(fields['w']) as TakenBack }),
  };
  const all = { ...questioned, ...body };
  const usedFor = fields['l'];
  if (isOfDelegation(all)) return present({ ...all, subtask: usedFor });
  if (isOfStep(all)) return present({ ...all, step: usedFor });
  const granted = isGiven ? (JSON.parse(fields['y']!) as Granted) : undefined;
  return present({ ...all, granted, lease: usedFor });
}
