import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { printHeld } from '../../src/cli/audit-held.js';
import type { HeldCommand } from '../../src/cli/audit-held.js';
import { logOf } from '../audit/logging.js';

const directory = mkdtempSync(join(tmpdir(), 'protem-held-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** A record a second, from second 1 on. */
const at = (second: number) => new Date(1_893_456_000_000 + second * 1000).toISOString();
const reserved = (lease: string, agent: string, more: object = {}) => ({
  ...{ type: 'lease.reserved', lease, task: `tsk_${lease}`, agent, asked: { entry: 'reports' } },
  ...{ decided: { is: 'permit', because: ['reads-reports'] }, ...more },
});
const active = (lease: string, agent: string, ends: number) => ({
  ...{ type: 'lease.active', lease, task: `tsk_${lease}`, agent, expiresAt: Date.parse(at(ends)) },
});
const events = [
  reserved('early', 'agent:a'),
  active('early', 'agent:a', 900),
  { type: 'approval.decided', approval: 'apr_1', decision: 'approve', by: 'operator:ann' },
  { type: 'approval.decided', approval: 'apr_1', decision: 'approve', by: 'operator:bob' },
  reserved('approved', 'agent:a', { approval: 'apr_1' }),
  active('approved', 'agent:a', 900),
  reserved('others', 'agent:b'),
  active('others', 'agent:b', 900),
  reserved('failed', 'agent:a'),
  { type: 'lease.mint_failed', lease: 'failed', task: 'tsk_failed', agent: 'agent:a' },
  { type: 'lease.revoked', lease: 'approved', task: 'tsk_approved', agent: 'agent:a' },
  { type: 'lease.revoked', lease: 'early', task: 'tsk_early', agent: 'agent:a' },
  reserved('late', 'agent:a'),
  active('late', 'agent:a', 900),
];
const file = join(directory, 'log.jsonl');
const lines = logOf(events.length, 'chn_1', (seq) => events[seq - 1]!);
writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));

async function held(options: Partial<HeldCommand>): Promise<string[]> {
  const said: string[] = [];
  await printHeld(file, { output: 'json', ...options }, (line) => said.push(line));
  return (JSON.parse(said.join('')) as { lease: string }[]).map(({ lease }) => lease);
}

test('AUD-01: what an agent held in a time is what was there then, whenever it was issued', async () => {
  const agent = 'agent:a';
  expect(await held({ agent })).toEqual(['early', 'approved', 'late']);
  // Issued before it, and over after it: nothing was told of it in that time.
  expect(await held({ agent, from: at(3.2), until: at(3.4) })).toEqual(['early']);
  expect(await held({ agent, from: at(6.5), until: at(10.5) })).toEqual(['early', 'approved']);
  expect(await held({ agent, from: at(12), until: at(13) })).toEqual([]);
  expect(await held({ agent, from: at(13.5) })).toEqual(['late']);
  expect(await held({ from: at(8.5), until: at(8.6) })).toEqual(['early', 'approved', 'others']);
  expect(await held({ task: 'tsk_others' })).toEqual(['others']);
});

test('AUD-01: what was never handed over was held by nobody', async () => {
  expect(await held({ task: 'tsk_failed' })).toEqual([]);
});

test('AUD-01: with who allowed it: the policies, and the persons who approved', async () => {
  const said: string[] = [];
  await printHeld(file, { task: 'tsk_approved', output: 'text' }, (line) => said.push(line));
  expect(said).toEqual([
    `${at(5)}  ${at(11)}  approved  reports  agent:a  tsk_approved  by reads-reports, approved by operator:ann, operator:bob`,
    '1 lease',
  ]);
});

test.each(['yesterday', '2030-01-01', '2030-01-01T00:00:00'])('%s is no moment', async (from) => {
  await expect(held({ from })).rejects.toThrow('is no moment');
});
