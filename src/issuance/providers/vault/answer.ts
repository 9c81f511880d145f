import { Fault, type FaultCode } from '../../../kernel/fault.js';
import type { Secret } from '../../../kernel/secret.js';

/** An answer of Vault, as it came. `body` is undefined when it was empty, and `null` when it was no JSON object. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> | null | undefined;
  readonly retryAfterSeconds?: number;
  /** Where a redirect pointed; it was not followed. */
  readonly location?: string;
}

/** What Vault said when it refused, for matching and for the log; scrubbed of tokens. */
export interface Refusal {
  readonly status: number;
  readonly errors: readonly string[];
}

/** Statuses that say "not now" (developer.hashicorp.com/vault/api-docs, HTTP status codes). */
const notNow = new Set([412, 472, 473]);

/**
 * The body of a good answer, undefined when there was none. Throws the Fault of any other answer: its message
 * names only what was tried (`act`), and what Vault said goes to its `reason`, without any of `secrets`.
 */
export function judge(act: string, answer: Answer, secrets: readonly Secret[]): Answer['body'] & object {
  const { status, body, retryAfterSeconds, location } = answer;
  const fail = (code: FaultCode, message: string, reason: string) => {
    const cause: Refusal = { status, errors: errorsOf(answer, secrets) };
    const said = scrub([reason, ...cause.errors].join('; ').slice(0, 500), secrets);
    const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    return new Fault(code, `${message} ${act}.`, { reason: `${act}: ${said}`, cause, ...wait });
  };
  if (status >= 200 && status < 300) {
    if (body === null) throw fail('provider.nonsense', nonsense, `${status} without a JSON object`);
    return body ?? {};
  }
  if (status >= 300 && status < 400)
    throw fail(
      'provider.unavailable',
      'Vault could not',
      `${status} to ${location ?? 'nowhere'}, not followed`,
    );
  if (status === 429)
    throw fail('provider.throttled', 'Vault is throttling the broker, so it could not', '429');
  if (status >= 500 || notNow.has(status)) throw fail('provider.unavailable', 'Vault could not', `${status}`);
  if (!Array.isArray(body?.['errors']))
    throw fail('provider.nonsense', nonsense, `${status} not in Vault's form`);
  throw fail('provider.refused', 'Vault refused to', `${status}`);
}

const nonsense = 'Vault answered something unintelligible when asked to';

/** The Fault for a call that had no answer. The error is told by its code alone: others hold requests and headers. */
export function unanswered(act: string, timedOut: boolean, code: string): Fault {
  return timedOut
    ? new Fault('provider.timeout', `Vault did not answer in time when asked to ${act}.`, {
        reason: `${act}: ${code}`,
      })
    : new Fault('provider.unavailable', `Vault could not be reached to ${act}.`, {
        reason: `${act}: ${code}`,
      });
}

export function refusalOf(error: unknown): Refusal | undefined {
  const cause = error instanceof Fault ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'status' in cause && 'errors' in cause
    ? (cause as Refusal)
    : undefined;
}

/**
 * True when the refusal says that the lease or the token is not there. A bare 404 does not: it is what a wrong
 * address, namespace or proxy answers.
 */
export function saysGone(error: unknown): boolean {
  const said = refusalOf(error);
  return (
    said !== undefined &&
    [400, 403, 404].includes(said.status) &&
    said.errors.some((text) => /\b(lease not found|invalid lease|invalid accessor)\b/i.test(text))
  );
}

function errorsOf({ body }: Answer, secrets: readonly Secret[]): string[] {
  const errors = body?.['errors'];
  if (!Array.isArray(errors)) return [];
  return errors.filter((text) => typeof text === 'string').map((text) => scrub(text.slice(0, 500), secrets));
}

/** Without the given secrets, and without anything that has the form of a Vault token. */
function scrub(text: string, secrets: readonly Secret[]): string {
  let clean = text;
  for (const secret of secrets) {
    const value = secret.reveal();
    if (value.length >= 4) clean = clean.replaceAll(value, '[secret]');
  }
  return clean.replace(/\b(?:hv[sbr]|[sbr])\.[A-Za-z0-9_-]{8,}/g, '[secret]');
}
