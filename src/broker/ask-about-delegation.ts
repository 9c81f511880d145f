import type { AskedDelegation } from '../approval/asked.js';
import type { KnownOfDelegation } from '../approval/known.js';
import type { Approval } from '../approval/approval.js';
import { present } from '../kernel/present.js';
import type { Idempotency } from '../ledger/ledger.js';
import { askedDelegation, digestOfDelegation } from './approval-request.js';
import type { DecidedDelegation } from './decide-delegation.js';
import type { Delegation } from './delegation.js';
import { openQuestion } from './open-question.js';
import type { Asking } from './open-question.js';
import type { Ports } from './ports.js';

/** A delegation as a person is asked about it. */
export interface AboutDelegation {
  readonly task: string;
  readonly digest: string;
  readonly request: AskedDelegation;
  readonly known: KnownOfDelegation;
}

export function aboutDelegation(ports: Ports, delegation: Delegation): AboutDelegation {
  const { principal, parent, request, scope } = delegation;
  const asked = askedDelegation(request, scope);
  const known = knownOf(ports, delegation);
  const digest = digestOfDelegation(principal, parent, asked, known, ports.policy().catalog);
  return { task: parent.id, digest, request: asked, known };
}

/**
 * Asks a person whether it may be delegated, or finds the same question open or answered.
 * @throws Fault approval.denied, approval.limit, task.ended, idempotency.reused
 */
export const askAboutDelegation = (
  ports: Ports,
  { question, record }: DecidedDelegation,
  decision: Asking['decision'],
  about: AboutDelegation,
  idempotency: Idempotency | undefined,
): Promise<Approval> =>
  openQuestion(ports, { ask: question, decision }, record, about, about.request, idempotency);

function knownOf(ports: Ports, { principal, request, actors, scope }: Delegation): KnownOfDelegation {
  const { catalog, tools } = ports.policy();
  const environments = new Set([...catalog.values()].map(({ environment }) => environment));
  const delegate = ports.inventory.agents.get(request.agent);
  return present({
    issuer: principal.issuer,
    claims: principal.claims,
    delegate: delegate && present({ owner: delegate.owner, purpose: delegate.purpose }),
    depth: actors.length,
    entries: scope.allowed.map(({ credential }) => {
      const { name, provider, sensitivity, environment, riskTier } = catalog.get(credential)!;
      return { name, provider, sensitivity, environment, riskTier };
    }),
    tools: scope.tools?.filter((tool) => tools?.has(tool)),
    environments: scope.environments?.filter((one) => environments.has(one)),
  });
}
