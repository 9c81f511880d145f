import { hash } from 'node:crypto';
import type { AskedCredential, AskedStep } from '../approval/approval.js';
import { canonicalJson } from '../audit/chain.js';
import type { Principal } from '../identity/principal.js';
import type { CatalogEntry } from '../policy/catalog.js';
import { parseParameters } from '../policy/parameters.js';
import { present } from '../kernel/present.js';
import { emptyChain } from '../task/chain.js';
import type { Tool } from '../task/chain.js';
import type { Task } from '../task/task.js';
import type { CredentialRequest, StepRequest } from './broker.js';

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

/**
 * The same of one tool call. It is for the tool as the settings have it, after no other kinds and classes of data than the
 * person was shown: what goes out by it may be what was read meanwhile.
 */
export function digestOfStep(
  principal: Principal,
  { id: task, chain = emptyChain }: Pick<Task, 'id' | 'chain'>,
  request: StepRequest,
  tool: Tool | undefined,
): string {
  const before = { kinds: chain.kinds, dataClasses: chain.dataClasses };
  const asked = { task, step: askedStep(request), before, of: tool ?? null, principal: principal.id };
  return hash('sha256', canonicalJson(asked), 'hex');
}
