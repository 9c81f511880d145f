import { hash } from 'node:crypto';
import type { AskedCredential, AskedDelegation, AskedStep } from '../approval/asked.js';
import type { KnownOfDelegation } from '../approval/known.js';
import { canonicalJson } from '../audit/chain.js';
import type { Principal } from '../identity/principal.js';
import type { CatalogEntry } from '../policy/catalog.js';
import { parseParameters } from '../policy/parameters.js';
import { present } from '../kernel/present.js';
import { emptyChain } from '../task/chain.js';
import type { Tool } from '../task/chain.js';
import type { TaskScope } from '../task/scope.js';
import type { Task } from '../task/task.js';
import type { CredentialRequest, StepRequest, SubtaskRequest } from './broker.js';

/** What a person is asked about, whatever it is issued for. */
export type Requested = Omit<CredentialRequest, 'task'> & {
  readonly task?: string;
  readonly ticket?: string;
};

/** The request as its digest has it: with every default filled in, as the entry of now has them. */
export const askedRequest = (entry: CatalogEntry, request: Requested): AskedCredential =>
  present({
    entry: entry.name,
    parameters: parseParameters(entry, request.parameters),
    ttlSeconds: request.ttlSeconds ?? entry.defaultTtlSeconds,
    tool: request.tool,
    reason: request.reason,
    ticket: request.ticket,
  });

/** What a person is shown of an entry, and what it mints: an approval is for this, whatever its name stands for later. */
const meantBy = ({ provider, sensitivity, environment, riskTier, mint }: CatalogEntry) => ({
  ...{ provider, sensitivity, environment, riskTier, mint },
});

/**
 * Hex SHA-256 over the canonical JSON (RFC 8785) of who asks, everything that was asked, and what it stood for. Whatever a request gains
 * one day is in it; the approval that is named is not, so that asking, and asking again by it, are one request.
 */
export function digestOf(principal: Principal, entry: CatalogEntry, request: Requested): string {
  const { approval: _named, credential: _entry, ...rest } = request;
  return hash(
    'sha256',
    canonicalJson({ ...rest, ...askedRequest(entry, request), of: meantBy(entry), principal: principal.id }),
    'hex',
  );
}

export const askedStep = ({ tool, target, dataClass, reason }: StepRequest): AskedStep =>
  present({ tool, target, dataClass, reason });

/** What had been touched before: what goes out now may be what was read meanwhile. */
const touchedBy = ({ chain = emptyChain }: Pick<Task, 'chain'>) => ({
  kinds: chain.kinds,
  dataClasses: chain.dataClasses,
});

/**
 * The same of one tool call. It is for the tool as the settings have it, after no other kinds and classes of data than the
 * person was shown.
 */
export function digestOfStep(
  principal: Principal,
  task: Pick<Task, 'id' | 'chain'>,
  request: StepRequest,
  tool: Tool | undefined,
): string {
  const step = askedStep(request);
  const before = touchedBy(task);
  const asked = { task: task.id, step, before, of: tool ?? null, principal: principal.id };
  return hash('sha256', canonicalJson(asked), 'hex');
}

/** The narrower task, with the scope that it would have. A time from now is the same request whenever it is sent. */
export const askedDelegation = (
  { agent, intent, deadlineAt, deadlineInSeconds }: SubtaskRequest,
  scope: TaskScope,
): AskedDelegation => ({
  ...{ delegate: agent, intent, scope },
  ...(deadlineInSeconds === undefined ? { deadlineAt } : { deadlineInSeconds }),
});

/**
 * The same of a delegation: for the agent, the entries and the tools as the settings have them, and as of a tool call for what
 * had been touched before.
 */
export function digestOfDelegation(
  principal: Principal,
  parent: Pick<Task, 'id' | 'chain'>,
  asked: AskedDelegation,
  { issuer: _issuer, claims: _claims, entries: _entries, ...known }: KnownOfDelegation,
  catalog: ReadonlyMap<string, CatalogEntry>,
): string {
  const of = asked.scope.allowed.map(({ credential }) => meantBy(catalog.get(credential)!));
  const whole = { task: parent.id, delegation: asked, before: touchedBy(parent), known, of };
  return hash('sha256', canonicalJson({ ...whole, principal: principal.id }), 'hex');
}
