import { expect, test } from '@jest/globals';
import { Fault } from '../../src/kernel/fault.js';
import { agent } from '../fake/broker-ports.js';
import { operatorToken } from '../fake/pretend-broker.js';
import { serving } from '../http/serving.js';
import { protem } from './protem.js';

const asOperator = ({ url }: { url: string }) => ({ PROTEM_URL: url, PROTEM_TOKEN: operatorToken });
const kill = ['kill', '--scope', 'agent', '--name', 'a'] as const;

test('--curl prints the call that acts, or with --dry-run the one that does not; it asks nobody, and sends nothing', async () => {
  const served = await serving();
  const acts = await protem(asOperator(served), ...kill, '--reason', 'x', '--curl').ended;
  expect(acts.code).toBe(0);
  expect(acts.out).toContain('{"agent":"a","reason":"x","block":true}');
  const looks = await protem(asOperator(served), ...kill, '--dry-run', '--curl').ended;
  expect(looks.out).toContain('{"agent":"a","block":true,"dryRun":true}');
  const task = ['lease', 'revoke', '--task', 'tsk_12345678'];
  expect((await protem(asOperator(served), ...task, '--curl').ended).out).toContain(
    '{"task":"tsk_12345678"}',
  );
  expect(served.broker.calls.filter(({ verb }) => verb === 'revokeMany' || verb === 'blastRadius')).toEqual(
    [],
  );
});

test('--curl of an answer prints the answer, and not the look before it', async () => {
  const served = await serving();
  const id = 'apr_0123456789abcdef';
  for (const [how, ...more] of [['approve'], ['deny', '--reason', 'no']] as const) {
    const { out } = await protem(asOperator(served), 'approvals', how, id, ...more, '--curl').ended;
    expect(out).toMatch(new RegExp(`-X POST [^]*/v1/approvals/${id}/decision[^]*"decision":"${how}"`));
  }
});

test('an approval is cancelled by whoever asked, and revoked by an operator', async () => {
  const served = await serving();
  const id = 'apr_0123456789abcdef';
  const field = async (...words: string[]) =>
    (await protem(asOperator(served), 'approvals', ...words, '--field', 'status').ended).out;
  expect(await field('revoke', id, '--reason', 'a mistake')).toBe('revoked\n');
  expect(await field('cancel', id)).toBe('cancelled\n');
});

test('a dry run needs no reason; what acts does', async () => {
  const served = await serving();
  expect((await protem(asOperator(served), ...kill, '--dry-run', '--field', 'total').ended).code).toBe(0);
  const { code, err } = await protem(asOperator(served), ...kill, '--yes').ended;
  expect([code, err]).toEqual([2, expect.stringContaining('--reason')]);
});

test('a kill switch answers with what it has begun to revoke, once that is known', async () => {
  let looks = 0;
  const served = await serving();
  const counting = await serving({
    broker: {
      revokeMany: async (principal, request) => {
        const begun = await served.broker.revokeMany(principal, request);
        const { sweptAt: _not, ...revocation } = begun.revocation;
        return { ...begun, revocation: { ...revocation, total: 0 } };
      },
      findRevocation: async (...of) => {
        const { sweptAt, ...found } = await served.broker.findRevocation(...of);
        return (looks += 1) < 2
          ? { ...found, total: 0 }
          : { ...found, ...(sweptAt !== undefined && { sweptAt }), total: 7 };
      },
    },
  });
  const words = [...kill, '--reason', 'x', '--yes', '--field', 'revocation.total'];
  expect((await protem(asOperator(counting), ...words).ended).out).toBe('7\n');
});

test('of what is stopped already it is told by whom, and that this block stands', async () => {
  const served = await serving();
  const block = {
    id: 'blk_first000',
    scope: { of: 'agent', name: 'a' },
    by: 'operator:peter',
    reason: 'on fire',
    at: Date.parse('2026-01-02T03:04:05Z'),
  } as const;
  const stopped = await serving({
    broker: {
      revokeMany: async (principal, request) => ({
        ...(await served.broker.revokeMany(principal, request)),
        block,
      }),
    },
  });
  const { err } = await protem(asOperator(stopped), ...kill, '--reason', 'x', '--yes').ended;
  expect(err).toContain(
    'It was stopped already, by operator:peter at 2026-01-02T03:04:05.000Z: on fire. That block stands.\n',
  );
});

test('revocations and blocks can be looked at', async () => {
  const served = await serving();
  const field = async (...words: string[]) => (await protem(asOperator(served), ...words).ended).out;
  expect(JSON.parse(await field('revocations', 'ls'))).toHaveLength(1);
  expect(await field('revocations', 'show', 'rev_00000000', '--field', 'pending')).toBe('0\n');
  expect(JSON.parse(await field('blocks', 'ls'))).toEqual([]);
});

test('a block that is not there is no block against what was asked', async () => {
  const unknown = () => Promise.reject(new Fault('block.unknown', 'There is no block of this id.'));
  const served = await serving({ broker: { liftBlock: unknown } });
  expect((await protem(asOperator(served), 'unkill', 'blk_1', '--reason', 'x').ended).code).toBe(1);
});

test('an agent that nobody has seen is disabled, with a word about its name', async () => {
  const served = await serving();
  const { code, err } = await protem(
    asOperator(served),
    'agents',
    'disable',
    'reprter',
    '--reason',
    'x',
    '--yes',
  ).ended;
  expect([code, err]).toEqual([0, expect.stringContaining('No agent reprter was ever seen')]);
});

test('an agent that is enabled while a block stands is told to get nothing still, and which block that is', async () => {
  const block = {
    ...{ id: 'blk_00000000', scope: { of: 'owner', name: 'finance' } as const },
    ...{ by: 'operator:olga', reason: 'a leak', at: 0 },
  };
  const enableAgent = async (_principal: unknown, id: string) =>
    ({ id, status: 'blocked', blockedBy: [block], liveLeases: 0, risk: 'none' }) as const;
  const served = await serving({ broker: { enableAgent } });
  const words = ['agents', 'enable', 'reporter', '--reason', 'x', '--yes'];
  const { code, err } = await protem(asOperator(served), ...words).ended;
  expect([code, err]).toEqual([
    0,
    'reporter still gets nothing: blk_00000000 stands for owner finance; "protem unkill" lifts it.\n',
  ]);
});

test('who revokes a stuck lease is told what it was, and of each attempt that failed since, not of those before', async () => {
  const one = await serving();
  const { id: task } = await one.broker.openTask(agent, { intent: 't', deadlineAt: Date.now(), labels: {} });
  const asked = { task, credential: 'reports-reader', parameters: {} };
  const { lease } = await one.broker.grant(agent, asked);
  const stuck = { ...lease, state: 'stuck', attempts: 7, lastFault: 'provider.refused' } as const;
  const again = { ...stuck, attempts: 8, lastFault: 'provider.throttled' } as const;
  const looks = [stuck, again, again, { ...lease, state: 'revoked', attempts: 9 } as const];
  const served = await serving({
    broker: { revokeLease: async () => stuck, findLease: async () => looks.shift()! },
  });
  const words = ['lease', 'revoke', lease.id, '--sync', '--yes', '--field', 'state'];
  const { code, out, err } = await protem(asOperator(served), ...words).ended;
  expect([code, out]).toEqual([0, 'revoked\n']);
  expect(err.trim().split('\n')).toEqual([
    `${lease.id} was stuck after 7 attempts (provider.refused); it is waited for the next.`,
    `${lease.id} is stuck after 8 attempts (provider.throttled); it is tried on.`,
  ]);
});
