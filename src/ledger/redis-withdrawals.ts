import { withdrawalIdPattern } from '../kernel/id.js';
import { scopeText } from '../revocation/withdrawal.js';
import type { Block, Progress, Withdrawal } from '../revocation/withdrawal.js';
import { parseLease } from './lease-record.js';
import { faults } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import { blocked, refusal } from './redis-leases.js';
import { decodePageToken, encodePageToken } from './page-token.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';
import type { Along, Sweep, WithdrawalLedger } from './withdrawal-ledger.js';

const leasesAtOnce = 250;
/** For one of them takes the store a tenth of a millisecond. */
const takenAtOnce = 50;

const fieldOf = ({ disabled, scope }: Block): string =>
  disabled ? `disabled:${scope.name}` : scopeText(scope);

/** Hash and field of what is written along, and its value. */
function written({ block, risk, ended }: Along): [string, string, string] {
  if (block) return ['blocks', fieldOf(block), JSON.stringify(block)];
  if (risk) {
    const field = risk.stream === undefined ? risk.agent : `${risk.agent}\n${risk.stream}`;
    return ['risks', field, risk.signal ? JSON.stringify(risk.signal) : ''];
  }
  if (ended) return ['ended-proofs', ended.agent, String(Math.floor(ended.at))];
  return ['', '', ''];
}

export function redisWithdrawals(
  redis: RedisClient,
  run: RunScript,
  prefix: string,
  { retentionMs }: { readonly retentionMs: number },
): WithdrawalLedger {
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });
  const find = async (id: string) => {
    // The name of any other record would be one as well.
    if (!withdrawalIdPattern.test(id)) return undefined;
    const fields = await ask(redis.hgetall(`${prefix}:${id}`));
    return fields['j'] === undefined ? undefined : read(fields);
  };

  return {
    find,

    async begin(withdrawal, along, event) {
      const [is, , stands] = (await run(
        'begin-withdrawal',
        withdrawal.id,
        JSON.stringify(withdrawal),
        retentionMs,
        along.once?.name ?? '',
        along.once?.forMs ?? 0,
        ...written(along),
        JSON.stringify(event),
      )) as [string, number, string];
      if (is === 'same') return undefined;
      return stands === '' ? {} : { block: JSON.parse(stands) as Block };
    },

    announce: async (digest, withdrawal, event) =>
      (await run(
        'announce',
        digest,
        withdrawal.id,
        JSON.stringify(withdrawal),
        retentionMs,
        JSON.stringify(event),
      )) === 1,

    context: async () => (await ask(redis.get(`${prefix}:context`))) ?? undefined,

    async list({ pageSize, pageToken }) {
      const [score = '', member = ''] = decodePageToken(pageToken, /^\d{1,16}$/, withdrawalIdPattern) ?? [];
      const found = (await run('page', 'withdrawals', 'down', score, member, pageSize)) as string[];
      const ids = found.filter((_, index) => index % 2 === 0);
      const items = (await Promise.all(ids.map(find))).filter((one) => one !== undefined);
      if (ids.length < pageSize) return { items };
      return { items, nextPageToken: encodePageToken([found.at(-1)!, found.at(-2)!]) };
    },

    async open() {
      const ids = await ask(redis.smembers(`${prefix}:withdrawals:open`));
      const found = await Promise.all(ids.map((id) => ask(redis.hgetall(`${prefix}:${id}`))));
      return found.flatMap((fields) =>
        fields['j'] === undefined
          ? []
          : [
              {
                ...(JSON.parse(fields['j']) as Withdrawal),
                begunAt: Number(fields['at']),
                ...(fields['sweep'] !== undefined && { sweep: JSON.parse(fields['sweep']) as Sweep }),
              },
            ],
      );
    },

    async take({ id, what, cause, by }, leases) {
      let taken = 0;
      for (let from = 0; from < leases.length; from += takenAtOnce)
        taken += Number(
          await run(
            'withdraw',
            id,
            what === 'revoke' ? 'all' : 'live',
            cause,
            by,
            ...leases.slice(from, from + takenAtOnce).flatMap((one) => [one.id, one.reason]),
          ),
        );
      return taken;
    },

    async live(provider, cursor) {
      const [next, found] = await ask(
        redis.zscan(`${prefix}:due:${provider}`, cursor, 'COUNT', leasesAtOnce),
      );
      const ids = found.filter((_, index) => index % 2 === 0);
      const texts = ids.length === 0 ? [] : await ask(redis.mget(ids.map((id) => `${prefix}:${id}`)));
      const leases = texts.flatMap((text, index) => {
        const lease = text === null ? undefined : parseLease(ids[index]!, text);
        return lease ? [lease] : [];
      });
      return { leases, next };
    },

    async keep(id, sweep) {
      await ask(redis.hset(`${prefix}:${id}`, 'sweep', JSON.stringify(sweep)));
    },

    async end(id, event) {
      await run('end-withdrawal', id, JSON.stringify(event));
    },

    async blocks() {
      const texts = await ask(redis.hvals(`${prefix}:blocks`));
      return texts.map((text) => JSON.parse(text) as Block).toSorted((one, other) => one.at - other.at);
    },

    async pass({ agent, provider = '', entry = '', task = '', delegate = '', issuer = '', owner }) {
      const name = String(await run('blocked', agent, provider, entry, task, delegate, issuer, owner));
      if (name !== '') throw name in faults ? refusal(name as FaultCode) : blocked(name);
    },

    lift: async (block, event) =>
      (await run('lift-block', fieldOf(block), block.id, JSON.stringify(event))) === 1,
  };
}

function read(fields: Record<string, string>): Withdrawal & Progress {
  const count = (name: string) => Number(fields[name] ?? 0);
  const [total, revoked, expired, stuck] = [
    count('total'),
    count('revoked'),
    count('expired'),
    count('stuck'),
  ];
  return {
    ...(JSON.parse(fields['j']!) as Withdrawal),
    begunAt: count('at'),
    ...(fields['z'] !== undefined && { sweptAt: count('z') }),
    total,
    revoked,
    expired,
    stuck,
    pending: total - revoked - expired - stuck,
  };
}
