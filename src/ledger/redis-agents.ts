import type { Principal } from '../identity/principal.js';
import type { RiskSignal } from '../identity/risk.js';
import { chainOf } from './chain-record.js';
import type { AgentLedger, ProvenFacts } from './agent-ledger.js';
import type { RedisClient } from './script.js';
import { unavailable } from './script.js';

/** As it stands with the task: nothing for a token that proved no more than a name. */
export function provenText({ claims, boundTo, provedBy }: Principal): string {
  const hasClaims = Object.keys(claims).length > 0;
  if (!hasClaims && boundTo === undefined && provedBy === undefined) return '';
  return JSON.stringify({ c: hasClaims ? claims : undefined, b: boundTo, v: provedBy });
}

const agentsAtOnce = 250;

export function redisAgents(redis: RedisClient, prefix: string): AgentLedger {
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });

  return {
    ids: async () => (await ask(redis.smembers(`${prefix}:agents`))).toSorted(),

    find: (ids) =>
      Promise.all(
        ids.map(async (id) => {
          const [seen, live] = await ask(
            Promise.all([
              redis.hmget(`${prefix}:agent:${id}`, 'i', 't', 'w'),
              redis.hget(`${prefix}:live`, `a:${id}`),
            ]),
          );
          const [issuer, at, owner] = seen;
          if (typeof issuer !== 'string' || typeof at !== 'string') return undefined;
          return { id, issuer, owner: owner ?? '', lastSeenAt: Number(at), liveLeases: Number(live ?? 0) };
        }),
      ),

    async own(ids, owner) {
      await ask(Promise.all(ids.map((id) => redis.hset(`${prefix}:agent:${id}`, 'w', owner))));
    },

    async ownAll(ownerOf) {
      const ids = await ask(redis.smembers(`${prefix}:agents`));
      let changed = 0;
      for (let from = 0; from < ids.length; from += agentsAtOnce) {
        const some = ids.slice(from, from + agentsAtOnce);
        const before = await ask(Promise.all(some.map((id) => redis.hget(`${prefix}:agent:${id}`, 'w'))));
        const others = some.filter((id, index) => (before[index] ?? '') !== ownerOf(id));
        await ask(Promise.all(others.map((id) => redis.hset(`${prefix}:agent:${id}`, 'w', ownerOf(id)))));
        changed += others.length;
      }
      return changed;
    },

    lately: (tasks) =>
      Promise.all(
        tasks.map(async ({ id, agent }) => {
          const [facts, issuer] = await ask(
            Promise.all([
              redis.hmget(`${prefix}:${id}`, 'p', 'n', 'k', 'r', 'q'),
              redis.hget(`${prefix}:agent:${agent}`, 'i'),
            ]),
          );
          const chain = await ask(chainOf(redis, prefix, facts.slice(1)));
          return { proven: read(facts[0] ?? null, issuer ?? ''), ...(chain && { chain }) };
        }),
      ),

    risksVersion: async () => Number((await ask(redis.get(`${prefix}:risks-version`))) ?? 0),

    async endedProofs() {
      const fields = await ask(redis.hgetall(`${prefix}:ended-proofs`));
      return new Map(Object.entries(fields).map(([agent, at]) => [agent, Number(at)]));
    },

    async risks() {
      const fields = await ask(redis.hgetall(`${prefix}:risks`));
      const found = new Map<string, RiskSignal[]>();
      for (const [field, text] of Object.entries(fields)) {
        const [agent = ''] = field.split('\n');
        found.set(agent, [...(found.get(agent) ?? []), JSON.parse(text) as RiskSignal]);
      }
      return found;
    },
  };
}

function read(text: string | null, issuer: string): ProvenFacts {
  const {
    c = {},
    b,
    v,
  } = JSON.parse(text === null || text === '' ? '{}' : text) as {
    c?: ProvenFacts['claims'];
    b?: string;
    v?: string;
  };
  return {
    issuer,
    claims: c,
    ...(b !== undefined && { boundTo: b }),
    ...(v !== undefined && { provedBy: v }),
  };
}
