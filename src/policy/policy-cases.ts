import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { Fault } from '../kernel/fault.js';
import { duration } from '../kernel/duration.js';
import { loadPolicy } from './cedar-policy.js';
import type { Ask, Decision, Policy } from './decision.js';
import type { CatalogEntry } from './catalog.js';
import { parseParameters } from './parameters.js';

const caseSchema = z.strictObject({
  name: z.string().min(1),
  agent: z.string().default('spiffe://sandbox.protem.example/agent/reporter'),
  issuer: z.string().default('sandbox.protem.example'),
  claims: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  task: z
    .strictObject({
      intent: z.string().default('a case'),
      openedBy: z.string().optional(),
      onBehalfOf: z.string().optional(),
      labels: z.record(z.string(), z.string()).default({}),
      tools: z.array(z.string()).optional(),
    })
    .prefault({}),
  credential: z.string(),
  parameters: z.record(z.string(), z.unknown()).default({}),
  ttl: duration.optional(),
  tool: z.string().optional(),
  reason: z.string().optional(),
  expect: z.enum(['permit', 'ask', 'deny']),
  /** The policies that must have decided, all of them. */
  policies: z.array(z.string()).optional(),
  approvers: z.array(z.string()).optional(),
  maximumTtl: duration.optional(),
});

export type PolicyCase = z.output<typeof caseSchema>;

/** The table of requests and answers of a policy folder; throws with everything that is wrong in it. */
export function readCases(directory: string): PolicyCase[] {
  const parsed = z.array(caseSchema).safeParse(parse(readFileSync(join(directory, 'cases.yaml'), 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`cases.yaml: ${z.prettifyError(parsed.error)}`);
}

/** Lines that say which cases did not get their answer. */
export const runCases = (policy: Policy, cases: readonly PolicyCase[]): string[] =>
  cases.flatMap((each) => differences(policy, each).map((difference) => `${each.name}: ${difference}`));

/** Loads a policy folder and runs its cases: what `protem policy test` does. */
export function testPolicy(options: { directory: string; catalog: ReadonlyMap<string, CatalogEntry> }): {
  passed: number;
  failed: string[];
} {
  const cases = readCases(options.directory);
  const failed = runCases(loadPolicy({ ...options, name: 'cases' }), cases);
  const failing = new Set(failed.map((line) => line.split(': ')[0]));
  return { passed: cases.length - failing.size, failed };
}

function differences(policy: Policy, expected: PolicyCase): string[] {
  const entry = policy.catalog.get(expected.credential);
  if (!entry) return [`there is no catalog entry ${expected.credential}`];
  let decision: Decision;
  try {
    decision = policy.decide(askOf(expected, entry));
  } catch (error) {
    return [
      error instanceof Fault ? `${error.message} ${JSON.stringify(error.errors ?? [])}` : String(error),
    ];
  }
  const found: string[] = [];
  const differs = (what: string, is: unknown, should: unknown) => {
    if (JSON.stringify(is) !== JSON.stringify(should))
      found.push(`${what} is ${JSON.stringify(is)}, should be ${JSON.stringify(should)}`);
  };
  differs('the answer', decision.is, expected.expect);
  if (decision.is === 'deny' && decision.errors.length > 0)
    found.push(`errors: ${decision.errors.join('; ')}`);
  if (expected.policies)
    differs('decided because of', [...decision.because].sort(), [...expected.policies].sort());
  if (expected.approvers && decision.is === 'ask')
    differs('who is asked', decision.approvers, expected.approvers);
  if (expected.maximumTtl !== undefined && decision.is === 'permit')
    differs('the ceiling in seconds', decision.permit.ttlSeconds, expected.maximumTtl);
  return found;
}

const askOf = (given: PolicyCase, entry: CatalogEntry): Ask => ({
  principal: {
    id: given.agent,
    kind: 'agent',
    issuer: given.issuer,
    roles: [],
    claims: given.claims,
    proofExpiresAt: 0,
  },
  task: {
    id: 'tsk_case0000',
    agent: given.agent,
    openedAt: 0,
    deadlineAt: 0,
    state: 'open',
    intent: given.task.intent,
    openedBy: given.task.openedBy ?? given.agent,
    labels: given.task.labels,
    ...(given.task.onBehalfOf !== undefined && { onBehalfOf: given.task.onBehalfOf }),
    ...(given.task.tools !== undefined && { tools: given.task.tools }),
  },
  entry,
  parameters: parseParameters(entry, given.parameters),
  ttlSeconds: given.ttl ?? entry.defaultTtlSeconds,
  ...(given.tool !== undefined && { tool: given.tool }),
  asserted: given.reason === undefined ? {} : { reason: given.reason },
});
