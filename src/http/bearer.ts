import type { IncomingMessage } from 'node:http';
import { Fault } from '../kernel/fault.js';

/** Every value of the header as it was sent; Node would keep the first of several and hide the rest. */
export function headerValues(req: IncomingMessage, lowerCaseName: string): string[] {
  const values: string[] = [];
  const { rawHeaders } = req;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName)
      values.push(rawHeaders[i + 1]!);
  }
  return values;
}

// RFC 6750 section 2.1 (b64token); RFC 9110 section 11.1 has the scheme in either case.
const authorizationPattern = /^(Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)$/i;

export interface ShownToken {
  readonly scheme: 'bearer' | 'dpop';
  readonly token: string;
}

/**
 * The token of the one `Authorization` header, and whether it is shown as Bearer (RFC 6750) or DPoP (RFC 9449).
 * @throws Fault identity.unproven
 */
export function shownToken(req: IncomingMessage): ShownToken {
  const values = headerValues(req, 'authorization');
  const [, scheme, token] =
    (values.length === 1 && values[0] !== undefined && authorizationPattern.exec(values[0])) || [];
  if (scheme !== undefined && token !== undefined)
    return { scheme: scheme.toLowerCase() as ShownToken['scheme'], token };
  throw new Fault('identity.unproven', 'The request does not prove who the caller is.', {
    reason:
      values.length === 0
        ? 'no Authorization header'
        : values.length > 1
          ? 'more than one Authorization header'
          : 'the Authorization header is neither "Bearer <token>" nor "DPoP <token>"',
  });
}

const bareToken = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * As `shownToken`; a token by itself will do as well. AWS SDKs send what AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE holds as
 * it is, and the file of a workload's token holds no more than that.
 */
export function shownTokenOrBare(req: IncomingMessage): ShownToken {
  const [value = '', ...others] = headerValues(req, 'authorization');
  if (others.length === 0 && bareToken.test(value)) return { scheme: 'bearer', token: value };
  return shownToken(req);
}

const idempotencyPattern = /^[\x21-\x7e]{1,255}$/;

/**
 * The Idempotency-Key, undefined when there is none.
 * @throws Fault request.malformed
 */
export function idempotencyKey(req: IncomingMessage): string | undefined {
  const values = headerValues(req, 'idempotency-key');
  if (values.length === 0) return undefined;
  const [key = ''] = values;
  if (values.length === 1 && idempotencyPattern.test(key)) return key;
  throw new Fault(
    'request.malformed',
    'The Idempotency-Key is not one header of 1 to 255 visible ASCII characters.',
    {
      errors: [
        {
          pointer: '/header/idempotency-key',
          detail: 'expected one header of 1 to 255 visible ASCII characters',
        },
      ],
    },
  );
}
