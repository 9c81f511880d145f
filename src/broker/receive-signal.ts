import type { SecurityEvents } from '../identity/signals/read-set.js';
import { SetRefused } from '../identity/signals/set-refused.js';
import { Fault } from '../kernel/fault.js';
import type { RiskLevel } from '../kernel/risk-levels.js';
import { beginSignal } from './agents.js';
import type { Ports } from './ports.js';
import { beginRevocation } from './revoke-many.js';

const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
/** For longer than the oldest token that is taken. */
const rememberMs = 8 * 86_400_000;
const levels: Readonly<Record<string, RiskLevel>> = { LOW: 'low', MEDIUM: 'medium', HIGH: 'high' };

/**
 * REV-07: a security event token, pushed (RFC 8935). When it returns, what the events ask for is written down, once for
 * each `jti`. Events and subjects that mean nothing here are taken, and do nothing.
 */
export async function receiveSignal(ports: Ports, stream: string, token: string): Promise<void> {
  const events = await proven(ports, stream, token);
  if (events.agent === undefined) return;
  for (const [type, body] of Object.entries(events.events))
    await takeEffect(ports, { ...events, agent: events.agent }, type, body);
}

async function proven(ports: Ports, stream: string, token: string): Promise<SecurityEvents> {
  try {
    const reading = await ports.readSignal(stream, token);
    if (!reading) throw new Fault('signal.unknown', 'There is no stream of this name.');
    return reading;
  } catch (error) {
    if (error instanceof SetRefused)
      await ports.flood.tell({ type: 'signal.refused', source: stream, reason: error.err });
    throw error;
  }
}

async function takeEffect(
  ports: Ports,
  { agent, issuer, jti, issuedAt }: SecurityEvents & { readonly agent: string },
  type: string,
  body: Readonly<Record<string, unknown>>,
): Promise<void> {
  const what = type.startsWith(caep) ? type.slice(caep.length) : '';
  const once = { name: `signal:${issuer}:${jti}:${what}`, forMs: rememberMs };
  const by = `signal:${issuer}`;
  const level = levels[String(body['current_level'])];
  if (what === 'risk-level-change' && level !== undefined) {
    const signal = { level, reason: reasonOf(body, what), by, at: happenedAt(body, issuedAt) };
    await beginSignal(ports, agent, signal, { once, stream: issuer });
  }
  // Whose session, credential or claims are no longer what they were has to prove itself again.
  if (['session-revoked', 'credential-change', 'token-claims-change'].includes(what))
    await beginRevocation(ports, by, {
      scope: { of: 'agent', name: agent },
      reason: reasonOf(body, what),
      block: false,
      cause: 'context_changed',
      once,
      ended: { agent, at: happenedAt(body, issuedAt) },
    });
}

/** By the event (CAEP section 2, `event_timestamp` in seconds), where it says so, and no later than its token. */
function happenedAt(body: Readonly<Record<string, unknown>>, issuedAt: number): number {
  const seconds = body['event_timestamp'];
  const isTime = typeof seconds === 'number' && seconds > 0 && seconds * 1000 < issuedAt;
  return Math.round(isTime ? seconds * 1000 : issuedAt);
}

/** The transmitter's own words, capped and inert (CAEP section 2: a text by language). */
function reasonOf(body: Readonly<Record<string, unknown>>, what: string): string {
  const texts: unknown = body['reason_admin'];
  const [text] = typeof texts === 'object' && texts !== null ? Object.values(texts) : [texts];
  if (typeof text !== 'string') return what;
  return `${what}: ${Array.from(text.replaceAll(/[\p{C}\u2028\u2029]/gu, ' ').slice(0, 400))
    .slice(0, 200)
    .join('')}`;
}
