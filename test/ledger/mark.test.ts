import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openRollbackGuard } from '../../src/broker/rollback-guard.js';
import { acceptStore } from '../../src/ledger/accept-store.js';
import { readMark, writeMark } from '../../src/ledger/mark-file.js';
import { readStops } from '../../src/ledger/stops-file.js';
import { noStops } from '../../src/ledger/stops.js';
import type { Mark } from '../../src/ledger/mark.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { newWithdrawalId } from '../../src/kernel/id.js';
import { newTask } from '../fake/ledger-facts.js';
import { backends } from '../setup/backends.js';
import { freshLedger, reserved } from './fresh.js';

const directory = mkdtempSync(join(tmpdir(), 'protem-mark-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const who = { by: 'local:root', reason: 'the disk was replaced' };
let files = 0;
const newFile = () => join(directory, `mark-${++files}`);
const codeOf = (act: () => void) => {
  try {
    act();
    return 'admitted';
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe.each(backends)('the guard against a store that goes back, on $name', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  const told: string[] = [];
  const log = { info() {}, warn: () => {}, error: (_: object, message: string) => void told.push(message) };
  beforeEach(async () => {
    ({ redis, prefix, ledger } = await freshLedger(url));
    told.length = 0;
  });
  const write = () => ledger.tasks.open(newTask());
  const key = (name: string) => `${prefix}:${name}`;

  async function guarded(file = newFile()) {
    await write();
    await ledger.log.seal();
    await write();
    const guard = openRollbackGuard({ ledger, log }, file);
    await guard.look();
    return { guard, file };
  }

  test('it admits nothing before it has looked, and then while the store only goes on', async () => {
    const unlooked = openRollbackGuard({ ledger, log }, newFile());
    expect(codeOf(unlooked.admit)).toBe('state.unavailable');
    const { guard, file } = await guarded();
    const first = await readMark(file);
    for (let n = 0; n < 3; n++) {
      await write();
      await ledger.log.seal();
      await guard.look();
      expect(codeOf(guard.admit)).toBe('admitted');
    }
    expect((await readMark(file))!.seq).toBeGreaterThan(first!.seq);
  });

  const losses: [string, () => Promise<unknown>][] = [
    ['was emptied', async () => redis.del(...(await redis.keys(`${prefix}:*`)))],
    [
      'lost its last event, which nobody had sealed',
      async () => {
        const [last] = await redis.xrevrange(key('events'), '+', '-', 'COUNT', 1);
        await redis.xdel(key('events'), last![0]);
      },
    ],
    [
      'lost the end of its chain, and another was sealed in its place',
      async () => {
        await redis.del(key('chain'), key('head'));
        const [first] = await redis.xrange(key('events'), '-', '+', 'COUNT', 1);
        await redis.xdel(key('events'), first![0]);
        await write();
        await ledger.log.seal();
      },
    ],
  ];
  test.each(losses)('rule 7: of a store that %s nothing is issued, until it is accepted', async (_, lose) => {
    const { guard, file } = await guarded();
    const before = readFileSync(file, 'utf8');
    await lose();
    await write();
    const another = openRollbackGuard({ ledger, log }, file);
    for (const each of [guard, another]) {
      await each.look();
      expect([codeOf(each.admit), each.hasGoneBack()]).toEqual(['state.rolled_back', true]);
    }
    expect(told).toHaveLength(2);
    expect(readFileSync(file, 'utf8')).toBe(before);

    expect((await acceptStore(ledger, file, who)).join('\n')).toContain('Accepted as epoch 1.');
    for (const each of [guard, another]) {
      await each.look();
      expect(codeOf(each.admit)).toBe('admitted');
    }
    expect((await acceptStore(ledger, file, who)).join('\n')).toContain('nothing to accept');
    const { items } = await ledger.log.read({ pageSize: 100 });
    expect(items.map(({ event }) => event)).toContainEqual(
      expect.objectContaining({ type: 'ledger.accepted', epoch: 1, ...who }),
    );
  });

  test('REV-06: what stood against agents when the store was lost stands again once it is accepted', async () => {
    const { guard, file } = await guarded();
    const stop = (over: object) => ({
      ...({
        id: newWithdrawalId(),
        what: 'revoke',
        cause: 'kill_switch',
        by: 'op',
        reason: 'leaked',
      } as const),
      ...{ scope: { of: 'agent', name: 'agent:a' } as const },
      ...over,
    });
    const event = { type: 'policy.loaded', policyDigest: 'd' } as const;
    const { id, scope, by, reason } = stop({});
    const block = { id: id.replace('rev_', 'blk_'), scope, by, reason, at: 1 };
    const disabled = {
      ...block,
      id: 'blk_00000002',
      scope: { of: 'agent', name: 'agent:b' } as const,
      disabled: true,
    } as const;
    await ledger.withdrawals.begin(stop({}), { block }, event);
    await ledger.withdrawals.begin(stop({}), { block: disabled }, event);
    const signal = { level: 'high', reason: 'odd', by: 'op', at: 5 } as const;
    await ledger.withdrawals.begin(stop({}), { risk: { agent: 'agent:c', signal } }, event);
    await ledger.withdrawals.begin(stop({}), { ended: { agent: 'agent:d', at: 7 } }, event);
    await guard.look();
    await redis.del(...(await redis.keys(`${prefix}:*`)));

    const told = (await acceptStore(ledger, file, who)).join('\n');
    for (const each of [
      'agent:agent:a',
      'disabled:agent:b',
      'the risk of agent:c',
      'the ended session of agent:d',
    ])
      expect(told).toContain(each);
    expect((await ledger.withdrawals.blocks()).toSorted((a, b) => a.id.localeCompare(b.id))).toEqual(
      [block, disabled].toSorted((a, b) => a.id.localeCompare(b.id)),
    );
    expect((await ledger.agents.risks()).get('agent:c')).toEqual([signal]);
    expect(await ledger.agents.endedProofs()).toEqual(new Map([['agent:d', 7]]));
    await expect(ledger.withdrawals.pass({ agent: 'agent:a', owner: '' })).rejects.toMatchObject({
      code: 'issuing.blocked',
    });
  });

  test('of what a store from before has and the mark knows, the later counts, and no block is replaced', async () => {
    const { guard, file } = await guarded();
    const fields = { blocks: 'agent:agent:a', risks: 'agent:a', 'ended-proofs': 'agent:a' };
    const put = (n: number) => async () => {
      await redis.hset(key('blocks'), fields.blocks, `{"n":${n}}`);
      await redis.hset(key('risks'), fields.risks, `{"level":"high","at":${n}}`);
      await redis.hset(key('ended-proofs'), fields['ended-proofs'], n);
      await redis.incr(key('stops-version'));
    };
    const stands = () =>
      Promise.all(Object.entries(fields).map(([name, field]) => redis.hget(key(name), field)));
    const go = async (inMark: number, inStore: number) => {
      await put(inMark)();
      await write();
      await guard.look();
      await redis.del(key('events'), key('chain'), key('head'));
      await put(inStore)();
      await acceptStore(ledger, file, who);
      await guard.look();
      return stands();
    };
    expect(await go(5, 3)).toEqual(['{"n":3}', '{"level":"high","at":5}', '5']);
    expect(await go(6, 8)).toEqual(['{"n":8}', '{"level":"high","at":8}', '8']);
  });

  test('a mark without what stops agents beside it is of a version that kept none, and that version reads it', async () => {
    const { guard, file } = await guarded();
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object)).toEqual([
      ...['epoch', 'seq', 'sealedId', 'hash', 'lastId', 'at'],
    ]);
    rmSync(`${file}.stops`);
    expect(await readStops(file)).toEqual(noStops);
    await redis.del(...(await redis.keys(`${prefix}:*`)));
    expect((await acceptStore(ledger, file, who)).join('\n')).not.toContain('stands again');
    await guard.look();
    expect(codeOf(guard.admit)).toBe('admitted');
  });

  test('what stops agents is written when it changes, and not of a store that has gone back', async () => {
    const { guard, file } = await guarded();
    const written = () => statSync(`${file}.stops`).ino;
    const before = written();
    await guard.look();
    expect(written()).toBe(before);
    await redis.hset(key('blocks'), '__proto__', '{"n":1}');
    await redis.incr(key('stops-version'));
    await guard.look();
    const kept = await readStops(file);
    expect(kept.blocks).toEqual([['__proto__', '{"n":1}']]);
    await redis.del(...(await redis.keys(`${prefix}:*`)));
    await guard.look();
    expect(guard.hasGoneBack()).toBe(true);
    expect(await readStops(file)).toEqual(kept);
  });

  test('rule 7: a store from before it was accepted has gone back too, though it has what the mark before named', async () => {
    const { guard, file } = await guarded();
    await redis.hset(key('head'), 'epoch', 3);
    await guard.look();
    await redis.hdel(key('head'), 'epoch');
    await guard.look();
    expect(guard.hasGoneBack()).toBe(true);
    expect((await acceptStore(ledger, file, who)).join('\n')).toContain('Accepted as epoch 4.');
  });

  test('rule 7: in the moment before the guard looks again, the script that reserves refuses', async () => {
    const { guard } = await guarded();
    const task = (await write())!;
    const reserve = () => reserved(ledger, task.id, {}, { mustHold: guard.mustHold() });
    await reserve();
    await redis.del(key('events'));
    await write();
    await expect(reserve()).rejects.toMatchObject({ code: 'state.rolled_back' });
  });

  test('a mark that is no mark stops it, as does a file that cannot be written for half a minute', async () => {
    let now = 0;
    const file = newFile();
    const guard = openRollbackGuard({ ledger, log }, file, () => now);
    await guard.look();
    writeFileSync(file, 'not a mark');
    await expect(guard.look()).rejects.toThrow('does not hold a mark');
    expect(codeOf(guard.admit)).toBe('admitted');
    now += 30_001;
    expect(codeOf(guard.admit)).toBe('state.unavailable');
    const nowhere = openRollbackGuard({ ledger, log }, join(directory, 'no', 'such', 'folder'));
    await expect(nowhere.look()).rejects.toThrow('ENOENT');
  });

  test('while it has gone back, what a lost renewal may have carried on is not taken for expired; what was asked to end is ended', async () => {
    const [moved, fixed, asked] = await Promise.all(
      [0, 1, 2].map(async () => {
        const task = (await write())!;
        const lease = await reserved(ledger, task.id, { ceilingSeconds: -3600 });
        await ledger.leases.activate(lease, { expiresAt: ledger.clock() - 1000, effect: lease.effect });
        return lease.id;
      }),
    );
    // As a store with renewals writes it: the ceiling of a lease that may be renewed for an hour.
    for (const id of [moved!, asked!]) {
      const [head, body] = (await redis.get(key(id)))!.split('\n');
      const renewable = [...(JSON.parse(head!) as unknown[]).slice(0, 4), { y: 3_600_000 }];
      await redis.set(key(id), `${JSON.stringify(renewable)}\n${body}`);
    }
    await ledger.leases.revoke(asked!, 'operator', 'op');
    const claim = async (hasGoneBack: boolean) =>
      [...(await ledger.leases.claimDue('vault', 10, { hasGoneBack })).leaseIds].toSorted();
    expect(await claim(true)).toEqual([fixed!, asked!].toSorted());
    expect((await ledger.leases.find(moved!))?.state).toBe('active');
    await redis.zadd(key('due:vault'), 0, moved!);
    expect(await claim(false)).toEqual([moved]);
  });
});

test('a mark in a file only ever goes on', async () => {
  const file = newFile();
  const mark = (over: Partial<Mark>): Mark => ({
    ...{ epoch: 0, seq: 5, sealedId: '5-0', hash: 'h', lastId: '9-0', at: 1 },
    ...over,
  });
  await writeMark(file, mark({}));
  for (const earlier of [{ seq: 4 }, { lastId: '8-7' }, {}]) {
    await writeMark(file, mark({ ...earlier, at: 2 }));
    expect((await readMark(file))!.at).toBe(1);
  }
  for (const [at, later] of [{ lastId: '9-1' }, { seq: 6 }, { epoch: 1, seq: 0 }].entries()) {
    await writeMark(file, mark({ ...later, at: at + 10 }));
    expect((await readMark(file))!.at).toBe(at + 10);
  }
});
