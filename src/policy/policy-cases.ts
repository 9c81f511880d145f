import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { duration } from '../kernel/duration.js';
import { Fault } from '../kernel/fault.js';
import { present } from '../kernel/present.js';
import { emptyChain, withStep } from '../task/chain.js';
import type { ToolChain } from '../task/chain.js';
import type { Task } from '../task/task.js';
import type { CatalogEntry } from './catalog.js';
import { PolicyError } from './cedar-bundle.js';
import { loadPolicy } from './cedar-policy.js';
import type { PolicyFolder } from './cedar-policy.js';
import { decideForAll } from './decide-for-all.js';
import type { Decision, Policy, Question } from './decision.js';
import { parseParameters } from './parameters.js';
import { boundTtl } from './ttl.js';

const caseSchema = z
  .strictObject({
    name: z.string().min(1),
    agent: z.string().default('spiffe://sandbox.protem.example/agent/reporter'),
    issuer: z.string().default('sandbox.protem.example'),
    claims: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
    boundTo: z.string().optional().describe('Thumbprint of the key that its token is bound to.'),
    provedBy: z.string().optional().describe('Thumbprint of the key that the request was proved by.'),
    task: z
      .strictObject({
        intent: z.string().default('a case'),
        openedBy: z.string().optional(),
        onBehalfOf: z.string().optional(),
        labels: z.record(z.string(), z.string()).default({}),
        tools: z.array(z.string()).optional(),
      })
      .prefault({}),
    action: z.enum(['issue', 'breakGlass']).default('issue').describe('Of an operator: breakGlass.'),
    credential: z.string().optional().describe('What is asked for; without it the tool is called.'),
    delegate: z.string().optional().describe('The agent that the task would be delegated to.'),
    actors: z.array(z.string()).default([]).describe('Who stands above the task, who delegated it first.'),
    chain: z.array(z.string()).default([]).describe('The tools that the task used before.'),
    proof: z
      .enum(['fresh', 'stale'])
      .default('fresh')
      .describe('Whether the token is from after the last step.'),
    dataClass: z.string().optional().describe('What the agent says that the tool touches.'),
    parameters: z.record(z.string(), z.unknown()).default({}),
    ttl: duration.optional(),
    renewals: z.int().min(0).default(0).describe('Which renewal of a lease it is; 0 for none.'),
    approved: z.boolean().default(false).describe('The persons whom policy asks have approved it.'),
    encrypted: z.boolean().default(false).describe('The secret would be encrypted to its key.'),
    tool: z.string().optional(),
    reason: z.string().optional(),
    expect: z.enum(['permit', 'ask', 'deny', 'reauthenticate', 'fault']),
    policies: z
      .array(z.string())
      .optional()
      .describe('The policies that must have decided: all, and no other.'),
    approvers: z.array(z.string()).optional().describe('Who must be asked, for `ask`.'),
    obligations: z.array(z.string()).optional().describe('The duties that a permit must come with.'),
    maximumTtl: duration.optional().describe('The ceiling that the policies must have set, for `permit`.'),
    fault: z
      .string()
      .optional()
      .describe('Why it never got to the policies: credential.parameters, ttl.invalid.'),
  })
  .refine(
    ({ credential, tool, delegate }) => (credential ?? tool ?? delegate) !== undefined,
    'credential or tool must be there',
  )
  .refine(({ expect, approvers }) => !approvers || expect === 'ask', 'approvers go with `ask`')
  .refine(({ expect, maximumTtl }) => !maximumTtl || expect === 'permit', 'maximumTtl goes with `permit`')
  .refine(({ expect, obligations }) => !obligations || expect === 'permit', 'obligations go with `permit`')
  .refine(({ expect, fault }) => !fault || expect === 'fault', 'fault goes with `fault`');

export type PolicyCase = z.output<typeof caseSchema>;

const casesFile = 'cases.yaml';

/** The table of requests and answers of a policy folder. Throws PolicyError with all that is wrong in it. */
export function readCases(directory: string): PolicyCase[] {
  let table: unknown;
  try {
    table = parse(readFileSync(join(directory, casesFile), 'utf8'));
  } catch (error) {
    throw new PolicyError([`${casesFile}: ${(error as Error).message}`]);
  }
  const parsed = z.array(caseSchema).min(1, 'must hold at least one case').safeParse(table);
  if (parsed.success) return parsed.data;
  throw new PolicyError(
    parsed.error.issues.map(
      ({ path, message }) => `${casesFile}: ${path.join('.') || 'the table'}: ${message}`,
    ),
  );
}

/** Lines that say which cases did not get their answer. */
export const runCases = (policy: Policy, cases: readonly PolicyCase[]): string[] =>
  cases.flatMap((each) => differences(policy, each).map((difference) => `${each.name}: ${difference}`));

/** Loads a policy folder and runs its cases: what `protem policy test` does. */
export function testPolicy(folder: PolicyFolder): { passed: number; failed: string[] } {
  let policy;
  try {
    const cases = readCases(folder.directory);
    policy = loadPolicy(folder);
    const failed = cases.map((each) => runCases(policy!, [each])).filter((lines) => lines.length > 0);
    return { passed: cases.length - failed.length, failed: failed.flat() };
  } catch (error) {
    if (error instanceof PolicyError) return { passed: 0, failed: [...error.problems] };
    throw error;
  } finally {
    policy?.close();
  }
}

const notWritten = 'The request is not written as a case of cases.yaml is:';
const problemOf = ({ path, message }: z.core.$ZodIssue) => `\n  ${path.join('.') || '(top)'}: ${message}`;

/** What policy answers to one request, written as a case is; what it should be is not looked at. Throws with what is wrong. */
export function explainCase(folder: PolicyFolder, written: unknown): Answer {
  const asked = typeof written === 'object' ? { name: 'asked', expect: 'permit', ...written } : written;
  const parsed = caseSchema.safeParse(asked);
  if (!parsed.success) throw new Error(notWritten + parsed.error.issues.map(problemOf).join(''));
  const policy = loadPolicy(folder);
  try {
    const { credential } = parsed.data;
    const entry = credential === undefined ? undefined : policy.catalog.get(credential);
    if (credential !== undefined && !entry) throw new Error(`There is no catalog entry ${credential}.`);
    return answerOf(policy, parsed.data, entry);
  } finally {
    policy.close();
  }
}

export type Answer = Decision | { readonly is: 'fault'; readonly fault: string; readonly errors: unknown };

function answerOf(policy: Policy, given: PolicyCase, entry: CatalogEntry | undefined): Answer {
  try {
    return decideForAll(policy, questionOf(policy, given, entry));
  } catch (error) {
    if (error instanceof Fault) return { is: 'fault', fault: error.code, errors: error.errors ?? [] };
    throw error;
  }
}

function differences(policy: Policy, expected: PolicyCase): string[] {
  const { credential } = expected;
  const entry = credential === undefined ? undefined : policy.catalog.get(credential);
  if (credential !== undefined && !entry) return [`there is no catalog entry ${credential}`];
  const answer = answerOf(policy, expected, entry);
  const found: string[] = [];
  const differs = (what: string, is: unknown, should: unknown) => {
    if (JSON.stringify(is) !== JSON.stringify(should))
      found.push(`${what} is ${JSON.stringify(is)}, should be ${JSON.stringify(should)}`);
  };
  const needsFreshProof = answer.is === 'deny' && answer.needsFreshProof;
  differs('the answer', needsFreshProof ? 'reauthenticate' : answer.is, expected.expect);
  if (answer.is === 'fault') {
    differs('the fault', answer.fault, expected.fault ?? answer.fault);
    if (expected.expect !== 'fault') found.push(`errors: ${JSON.stringify(answer.errors)}`);
    return found;
  }
  if (answer.is === 'deny' && answer.errors.length > 0) found.push(`errors: ${answer.errors.join('; ')}`);
  if (expected.policies)
    differs('decided because of', answer.because.toSorted(), expected.policies.toSorted());
  if (expected.approvers && answer.is === 'ask')
    differs('who is asked', answer.approvers.toSorted(), expected.approvers.toSorted());
  if (expected.obligations && answer.is === 'permit')
    differs(
      'the duties',
      (answer.obligations ?? []).map(({ duty }) => duty).toSorted(),
      expected.obligations.toSorted(),
    );
  if (expected.maximumTtl !== undefined && answer.is === 'permit')
    differs('the ceiling in seconds', answer.permit.ttlSeconds, expected.maximumTtl);
  return found;
}

/** The bounds that are no matter of policy are left wide. */
const wide = { taskRemainingSeconds: Infinity, providerMinimumSeconds: 1, providerMaximumSeconds: Infinity };

/** The last step of a case was taken then; a fresh token was issued at that moment, a stale one before. */
const steppedAt = 1000;

function questionOf(policy: Policy, given: PolicyCase, entry: CatalogEntry | undefined): Question {
  const { tool } = given;
  const chain = chainOf(policy, given);
  return present({
    principal: {
      id: given.agent,
      kind: 'agent' as const,
      issuer: given.issuer,
      roles: [],
      claims: given.claims,
      proofIssuedAt: given.proof === 'fresh' ? steppedAt : 0,
      proofExpiresAt: 0,
    },
    task: taskOf(given, chain),
    tool,
    approved: given.approved ? (true as const) : undefined,
    delegate: given.delegate,
    depth: given.delegate === undefined ? undefined : given.actors.length + 1,
    toolFacts: tool === undefined ? undefined : policy.tools?.get(tool),
    asserted: present({ reason: given.reason, dataClass: given.dataClass }),
    ...(entry && {
      entry,
      parameters: parseParameters(entry, given.parameters),
      ttlSeconds: boundTtl({
        entry,
        ...(given.ttl !== undefined && { requestedSeconds: given.ttl }),
        ...wide,
      }),
      renewals: given.renewals,
      action: given.action,
      encrypted: given.encrypted,
    }),
  });
}

const taskOf = ({ agent, issuer, actors, task }: PolicyCase, chain: ToolChain): Task =>
  present({
    id: 'tsk_case0000',
    agent,
    openedAt: 0,
    deadlineAt: 0,
    state: 'open' as const,
    intent: task.intent,
    openedBy: task.openedBy ?? agent,
    labels: task.labels,
    onBehalfOf: task.onBehalfOf,
    tools: task.tools,
    actors: actors.length === 0 ? undefined : actors.map((id) => ({ id, issuer, claims: {} })),
    chain: chain.count === 0 ? undefined : { ...chain, steppedAt },
  });

const chainOf = ({ tools }: Policy, { chain }: PolicyCase): ToolChain =>
  chain.reduce<ToolChain>((before, tool) => withStep(before, tool, tools?.get(tool)) ?? before, emptyChain);
