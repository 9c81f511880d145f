import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A request as it came, before anything is believed. */
export interface SignedRequest {
  readonly method: string;
  /** Path as sent, still percent-encoded. */
  readonly path: string;
  /** Query string as sent, without the question mark. */
  readonly query: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** What an `Authorization: AWS4-HMAC-SHA256 ...` header claims. */
export interface Signature {
  readonly accessKeyId: string;
  /** YYYYMMDD. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  /** Hex. */
  readonly signature: string;
}

/** Undefined when the header is no well-formed Signature Version 4. */
export function readSignature(header: string): Signature | undefined {
  const fields = /^AWS4-HMAC-SHA256\s+(.+)$/.exec(header)?.[1]?.split(',') ?? [];
  const field = (name: string) =>
    fields
      .map((text) => text.trim())
      .find((text) => text.startsWith(`${name}=`))
      ?.slice(name.length + 1);
  const scope = /^([\w+=./-]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request$/.exec(
    field('Credential') ?? '',
  );
  const signedHeaders = field('SignedHeaders')?.split(';');
  const signature = field('Signature');
  const [, accessKeyId, day, region, service] = scope ?? [];
  if (
    !accessKeyId ||
    !day ||
    !region ||
    !service ||
    !signedHeaders ||
    !/^[0-9a-f]{64}$/.test(signature ?? '')
  )
    return undefined;
  return { accessKeyId, day, region, service, signedHeaders, signature: signature ?? '' };
}

/** Milliseconds since the epoch from `x-amz-date` (YYYYMMDDTHHMMSSZ); NaN when it is missing or malformed. */
export function signedAt(request: SignedRequest): number {
  const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(request.headers['x-amz-date'] ?? '');
  if (!date) return Number.NaN;
  const [, y, mo, d, h, mi, s] = date;
  return Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
}

/**
 * Whether the request was signed with the secret, over its host, its date and every `x-amz-` header that it has
 * (AWS General Reference, "Create a signed AWS API request"; S3 takes the path as it is, the others encode it again).
 */
export function signatureHolds(request: SignedRequest, claimed: Signature, secret: string): boolean {
  const mustBeSigned = Object.keys(request.headers).filter(
    (name) => name === 'host' || name.startsWith('x-amz-'),
  );
  if (!mustBeSigned.every((name) => claimed.signedHeaders.includes(name))) return false;
  if (!(request.headers['x-amz-date'] ?? '').startsWith(claimed.day)) return false;
  if (!payloadHolds(request, claimed.service)) return false;

  const scope = `${claimed.day}/${claimed.region}/${claimed.service}/aws4_request`;
  const text = [
    'AWS4-HMAC-SHA256',
    request.headers['x-amz-date'],
    scope,
    sha256(canonicalRequest(request, claimed)),
  ].join('\n');
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of [claimed.day, claimed.region, claimed.service, 'aws4_request', text])
    key = createHmac('sha256', key).update(part).digest();
  return timingSafeEqual(key, Buffer.from(claimed.signature, 'hex'));
}

/** S3 signs what `x-amz-content-sha256` says, so that has to be true of the body, or openly left unsigned. */
function payloadHolds(request: SignedRequest, service: string): boolean {
  if (service !== 's3') return true;
  const claimed = request.headers['x-amz-content-sha256'];
  return claimed === sha256(request.body) || /^(STREAMING-)?UNSIGNED-PAYLOAD(-TRAILER)?$/.test(claimed ?? '');
}

function canonicalRequest(request: SignedRequest, { service, signedHeaders }: Signature): string {
  const path = service === 's3' ? request.path : request.path.split('/').map(encode).join('/');
  const headers = signedHeaders.map(
    (name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`,
  );
  const payload = (service === 's3' && request.headers['x-amz-content-sha256']) || sha256(request.body);
  return [
    request.method,
    path,
    canonicalQuery(request.query),
    headers.join(''),
    signedHeaders.join(';'),
    payload,
  ].join('\n');
}

function canonicalQuery(query: string): string {
  const pairs = [...new URLSearchParams(query)].map(([key, value]) => `${encode(key)}=${encode(value)}`);
  return pairs.toSorted((a, b) => (a < b ? -1 : 1)).join('&');
}

/** Percent-encodes all but the unreserved characters of RFC 3986. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
