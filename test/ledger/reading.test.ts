import { describe, expect, test } from '@jest/globals';
import type { AuditRecord } from '../../src/audit/event.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { encodePageToken } from '../../src/ledger/page-token.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { agent, newLease, newTask, reservedEvent } from '../fake/ledger-facts.js';
import { signal } from '../fake/signal.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

/** A connection on which something happens right before the first script that names `argument` is run. */
function interrupted(redis: RedisClient, argument: string, happens: () => Promise<unknown>): RedisClient {
  let pending: (() => Promise<unknown>) | undefined = happens;
  return new Proxy(redis, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (pending && (name === 'evalsha' || name === 'eval') && String(args[3]) === argument) {
          const now = pending;
          pending = undefined;
          await now();
        }
        return (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

const event = {
  type: 'credential.refused',
  ...{ task: '', agent, issuer: 'i', claims: {}, fault: 'x', asked: {} },
} as const;

async function readAll(ledger: Ledger, subject: string | undefined, pageSize: number) {
  const found: AuditRecord[] = [];
  let pageToken: string | undefined;
  do {
    const page = await ledger.log.read({
      pageSize,
      ...(subject !== undefined && { subject }),
      ...(pageToken !== undefined && { pageToken }),
    });
    found.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return found.map((record) => record.seq);
}

describe.each(backends)('reading the ledger on $name', ({ url }) => {
  test('AUD-03: a record that is written while the log is read is on a later page, never on none', async () => {
    for (const subject of [undefined, agent]) {
      const redis = await connected(url);
      const prefix = uniquePrefix();
      const writer = redisLedger(redis, { prefix });
      for (let i = 0; i < 3; i++) await writer.log.record(event);
      const between = () => writer.log.record(event);
      const reader = redisLedger(interrupted(redis, subject ?? '', between), { prefix });
      const seen = await readAll(reader, subject, 2);
      expect(seen.slice(0, 3)).toEqual([1, 2, 3]);
      const first = await reader.log.read({ pageSize: 4, ...(subject !== undefined && { subject }) });
      expect(first.items.map((record) => record.seq)).toEqual([1, 2, 3, 4]);
    }
  });

  test('AUD-03: reading the log misses nothing that was there when its page was read; a history, nothing from before', async () => {
    for (const subject of [undefined, agent]) {
      const redis = await connected(url);
      const prefix = uniquePrefix();
      const writer = redisLedger(redis, { prefix });
      await writer.log.record(event);
      const happens = async () => {
        await writer.log.record(event);
        await writer.log.record(event);
      };
      const reader = redisLedger(interrupted(redis, subject ?? '', happens), { prefix });
      const seen = await readAll(reader, subject, 3);
      expect(seen).toEqual(subject === undefined ? [1, 2, 3] : [1]);
      expect(await readAll(reader, subject, 3)).toEqual([1, 2, 3]);
    }
  });

  test('AUD-03: what was written before is read, also when another process seals an older part of it meanwhile', async () => {
    const redis = await connected(url);
    const prefix = uniquePrefix();
    const writer = redisLedger(redis, { prefix });
    await writer.log.record(event);
    const readerSeals = signal();
    const sealedElsewhere = signal();
    const firstLink = '0';
    const reader = redisLedger(
      interrupted(redis, firstLink, async () => {
        readerSeals.give();
        await sealedElsewhere.given;
      }),
      { prefix },
    );
    let reading: ReturnType<Ledger['log']['read']> | undefined;
    const another = redisLedger(
      interrupted(redis, firstLink, async () => {
        await writer.log.record(event);
        reading = reader.log.read({ pageSize: 10 });
        await readerSeals.given;
      }),
      { prefix },
    );
    await another.log.seal();
    sealedElsewhere.give();
    expect((await reading!).items.map((record) => record.seq)).toEqual([1, 2]);
  });

  test.each([
    [['due:vault', 'abc', 'lse_x']],
    [['tasks', '1', 'tsk_x']],
    [['head', '1', 'x']],
    [['due:someone-elses', '1', 'x']],
  ])('a page token that was tampered with is a fault of the request, not of the store: %j', async (parts) => {
    const ledger = redisLedger(await connected(url), { prefix: uniquePrefix() });
    const task = (await ledger.tasks.open(newTask()))!;
    const lease = newLease(task.id);
    await ledger.leases.reserve(lease, reservedEvent(lease));
    await ledger.log.seal();
    await expect(
      ledger.leases.list({ pageSize: 5, pageToken: encodePageToken(parts) }),
    ).rejects.toMatchObject({ code: 'request.malformed' });
  });

  test.each([['abc'], ['-1'], ['1e9999'], ['1.5']])(
    'so is one of a list of a task, of tasks and of the log: %s',
    async (part) => {
      const ledger = redisLedger(await connected(url), { prefix: uniquePrefix() });
      const task = (await ledger.tasks.open(newTask()))!;
      const malformed = { code: 'request.malformed' };
      const pageToken = encodePageToken([part]);
      await expect(ledger.leases.list({ task: task.id, pageSize: 5, pageToken })).rejects.toMatchObject(
        malformed,
      );
      await expect(ledger.log.read({ subject: agent, pageSize: 5, pageToken })).rejects.toMatchObject(
        malformed,
      );
      await expect(ledger.log.read({ pageSize: 5, pageToken })).rejects.toMatchObject(malformed);
      await expect(
        ledger.tasks.list({ pageSize: 5, pageToken: encodePageToken([part, 'tsk_x']) }),
      ).rejects.toMatchObject(malformed);
    },
  );
});
