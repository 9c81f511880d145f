import type { AuditEvent } from '../audit/event.js';
import type { Ledger } from './ledger.js';
import type { RunScript } from './script.js';

type Marked = [number, number, string, string, string, number, number, string[], string[], string[]];

export const redisMark = (run: RunScript): Pick<Ledger, 'mark' | 'accept'> => ({
  async mark(held) {
    const { lastId: heldId = '', sealedId: heldSealedId = '', hash: heldHash = '' } = held ?? {};
    const [epoch, seq, sealedId, hash, lastId, at, holds, blocks, risks, endedProofs] = (await run(
      'mark',
      heldId,
      heldSealedId,
      heldHash,
    )) as Marked;
    const stops = {
      blocks: fieldsOf(blocks),
      risks: fieldsOf(risks),
      endedProofs: fieldsOf(endedProofs),
    };
    return { now: { epoch, seq, sealedId, hash, lastId, at, stops }, holds: holds === 1 };
  },

  async accept(epoch, { seq, lastId, stops }, { by, reason }) {
    const event: AuditEvent = { type: 'ledger.accepted', epoch, lost: { seq, lastId }, by, reason };
    await run('accept', epoch, JSON.stringify(stops), JSON.stringify(event));
  },
});

/** As HGETALL has them: field, value, field, value. */
const fieldsOf = (flat: readonly string[]): Record<string, string> =>
  Object.fromEntries(flat.flatMap((field, index) => (index % 2 === 0 ? [[field, flat[index + 1]!]] : [])));
