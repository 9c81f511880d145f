import type { Approval } from '../approval/approval.js';
import type { KnownOfEntry } from '../approval/known.js';
import type { Principal } from '../identity/principal.js';
import { present } from '../kernel/present.js';
import type { Ask } from '../policy/decision.js';
import { askedRequest, digestOf } from './approval-request.js';
import type { Requested } from './approval-request.js';
import type { AwaitingApproval, CredentialRequest, Grant } from './broker.js';
import { PolicyRefusal } from './decide.js';
import { grant } from './grant.js';
import { isDeclared, openQuestion } from './open-question.js';
import type { Ports } from './ports.js';

/** A grant; or, where policy wants a person to look first, the question to that person. */
export async function grantOrAsk(
  ports: Ports,
  principal: Principal,
  request: CredentialRequest,
  idempotencyKey?: string,
): Promise<Grant | AwaitingApproval> {
  try {
    return await grant(ports, principal, request, idempotencyKey);
  } catch (error) {
    return { approval: await askPerson(ports, principal, request, error) };
  }
}

/** Opens the approval that a refusal calls for, or finds the same one open; throws any other refusal again. */
export async function askPerson(
  ports: Ports,
  principal: Principal,
  request: Requested,
  error: unknown,
): Promise<Approval> {
  if (!(error instanceof PolicyRefusal) || !error.question || request.approval !== undefined) throw error;
  const { asked, record, question } = error;
  const { ask } = question;
  const about = {
    ...present({ task: request.task }),
    digest: digestOf(principal, ask.entry, request),
    request: askedRequest(ask.entry, request),
    known: knownOf(ask),
  };
  return openQuestion(ports, question, record, about, asked);
}

const knownOf = ({ principal, task, entry, ttlSeconds, tool }: Ask): KnownOfEntry => ({
  issuer: principal.issuer,
  claims: principal.claims,
  grantableSeconds: ttlSeconds,
  sensitivity: entry.sensitivity,
  environment: entry.environment,
  riskTier: entry.riskTier,
  provider: entry.provider,
  toolDeclared: isDeclared(task, tool),
});
