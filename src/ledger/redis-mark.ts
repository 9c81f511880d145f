import type { AuditEvent } from '../audit/event.js';
import type { Ledger } from './ledger.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';

type Stand = [number, number, string, string, string, number, number];

export function redisMark(
  redis: RedisClient,
  run: RunScript,
  prefix: string,
): Pick<Ledger, 'mark' | 'stops' | 'accept'> {
  const fieldsOf = async (name: string) => Object.entries(await redis.hgetall(`${prefix}:${name}`));

  return {
    async mark(held) {
      const { lastId: heldId = '', sealedId: heldSealedId = '', hash: heldHash = '' } = held ?? {};
      const stand = (await run('mark', heldId, heldSealedId, heldHash)) as Stand;
      const [epoch, seq, sealedId, hash, lastId, at, holds] = stand;
      return { now: { epoch, seq, sealedId, hash, lastId, at }, holds: holds === 1 };
    },

    async stops(known) {
      try {
        // Before what it is the version of: what changes in between is read again.
        const version = (await redis.get(`${prefix}:stops-version`)) ?? '0';
        if (version === known) return undefined;
        const [blocks, risks, endedProofs] = await Promise.all(
          ['blocks', 'risks', 'ended-proofs'].map(fieldsOf),
        );
        return { version, stops: { blocks: blocks!, risks: risks!, endedProofs: endedProofs! } };
      } catch (cause) {
        throw unavailable(cause);
      }
    },

    async accept(epoch, { seq, lastId }, stops, { by, reason }) {
      const event: AuditEvent = { type: 'ledger.accepted', epoch, lost: { seq, lastId }, by, reason };
      await run('accept', epoch, JSON.stringify(stops), JSON.stringify(event));
    },
  };
}
