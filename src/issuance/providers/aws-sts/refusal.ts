import { Fault, type FaultCode } from '../../../kernel/fault.js';

const sentences = {
  'provider.unavailable': 'AWS STS cannot be reached, or is failing.',
  'provider.timeout': 'AWS STS did not answer in time.',
  'provider.throttled': 'AWS STS is throttling.',
  'provider.refused': 'AWS STS refused.',
  'provider.nonsense': 'What answered is not AWS STS.',
} as const satisfies Partial<Record<FaultCode, string>>;

type ProviderFault = keyof typeof sentences;
type Service = 'STS' | 'IAM';

const sentence = (code: ProviderFault, service: Service) => sentences[code].replace('STS', service);

/** What the SDK may throw, as far as it tells anything; every field may be missing. */
interface Thrown {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  /** Set on what STS said, missing on what could not be read. */
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
}

/** What a call failed with, for those who go on differently then. */
export class AwsRefusal extends Fault {
  /** `AssumeRole` and its like. */
  readonly action: string;
  /** `AccessDenied`, `InvalidAction` ... */
  readonly awsCode: string;

  constructor(
    code: ProviderFault,
    sentence: string,
    said: { readonly action: string; readonly awsCode: string; readonly reason: string },
  ) {
    super(code, sentence, { reason: said.reason });
    this.action = said.action;
    this.awsCode = said.awsCode;
  }
}

/**
 * The Fault for whatever a call of the SDK threw. The error itself is left behind: it holds the signed request, and
 * with it a session token. Its name and message, which are AWS's own words, go into the reason.
 */
export function refusalOf(thrown: unknown, service: Service = 'STS', action: string = service): Fault {
  if (thrown instanceof Fault) return thrown;
  const { name, message, $metadata } = (thrown ?? {}) as Thrown;
  const code = codeOf((thrown ?? {}) as Thrown);
  const status = typeof $metadata?.httpStatusCode === 'number' ? ` (${$metadata.httpStatusCode})` : '';
  const reason = `${String(name)}${status}: ${String(message)}`.slice(0, 1000);
  return new AwsRefusal(code, sentence(code, service), { action, awsCode: String(name), reason });
}

export const nonsense = (reason: string): Fault =>
  new Fault('provider.nonsense', sentences['provider.nonsense'], { reason });

/** What AWS would do, but the broker must not let it. */
export const refusedBecause = (reason: string): Fault =>
  new Fault('provider.refused', 'AWS is not set up as the settings say.', { reason });

export const tooLate = (): Fault =>
  new Fault('provider.timeout', sentences['provider.timeout'], {
    reason: 'the timeout of the settings has passed',
  });

function codeOf({ name, code, $fault, $metadata }: Thrown): ProviderFault {
  const status = $metadata?.httpStatusCode;
  // The SDK calls a broken connection a timeout as well; its code tells them apart.
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'provider.unavailable';
  if (name === 'TimeoutError' || name === 'AbortError' || code === 'ETIMEDOUT') return 'provider.timeout';
  if (status === 429 || /^Thrott|^TooManyRequests|^RequestLimitExceeded|^SlowDown/.test(String(name)))
    return 'provider.throttled';
  if (typeof status === 'number' && status >= 500) return 'provider.unavailable';
  if (typeof status === 'number' && status >= 400 && $fault) return 'provider.refused';
  return status === undefined ? 'provider.unavailable' : 'provider.nonsense';
}
