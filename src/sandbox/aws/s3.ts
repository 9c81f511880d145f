import { AwsError } from './aws-error.js';
import type { Answer, Call } from './call.js';
import { listObjects } from './s3-list.js';
import type { SignedRequest } from './sigv4.js';
import { type Bucket, storedObject } from './world.js';
import { xml } from './xml.js';

interface Target {
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
}

/** The action of a path-style request, `s3:` and the name of the permission it needs; undefined when unknown. */
export function s3Action(request: SignedRequest): string | undefined {
  const { key } = targetOf(request);
  const query = new URLSearchParams(request.query);
  if (key === '') {
    if (request.method === 'HEAD') return 's3:ListBucket';
    return request.method === 'GET' && query.get('list-type') === '2' ? 's3:ListBucket' : undefined;
  }
  // A subresource (`?acl`, `?uploads`) is another action; `x-id` only repeats the name of this one.
  if ([...query.keys()].some((name) => name !== 'x-id')) return undefined;
  if (request.method === 'GET' || request.method === 'HEAD') return 's3:GetObject';
  return request.method === 'PUT' && !request.headers['x-amz-copy-source'] ? 's3:PutObject' : undefined;
}

export function answerS3(request: SignedRequest, call: Call, requestId: string): Answer {
  const action = s3Action(request);
  const target = targetOf(request);
  if (action === undefined)
    throw new AwsError(
      'NotImplemented',
      501,
      'This stand-in gets, puts and lists objects, and nothing else.',
    );
  const bucket = call.world.buckets.get(target.bucket);
  const query = new URLSearchParams(request.query);
  call.authorize({
    action,
    resource: `arn:aws:s3:::${target.bucket}${target.key && `/${target.key}`}`,
    resourceAccount: bucket?.account ?? call.caller.principal.account,
    ...(bucket?.policy ? { resourcePolicy: bucket.policy } : {}),
    context: action === 's3:ListBucket' ? listContext(query) : {},
  });
  if (!bucket) throw new AwsError('NoSuchBucket', 404, 'The specified bucket does not exist');
  const headers = { 'x-amz-request-id': requestId };
  if (action === 's3:PutObject') return putObject(request, bucket, target.key, call.now, headers);
  if (action === 's3:GetObject') return getObject(request, bucket, target.key, call, headers);
  if (request.method === 'HEAD') return { status: 200, headers, body: '' };
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/xml' },
    body: listObjects(bucket, query),
  };
}

const listContext = (query: URLSearchParams) => ({
  's3:prefix': query.get('prefix') ?? undefined,
  's3:delimiter': query.get('delimiter') ?? undefined,
  's3:max-keys': query.get('max-keys') ?? undefined,
});

function targetOf(request: SignedRequest): Target {
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(request.path) ?? [];
  try {
    return { bucket, key: decodeURIComponent(key) };
  } catch {
    throw new AwsError('InvalidURI', 400, "Couldn't parse the specified URI.");
  }
}

function getObject(
  request: SignedRequest,
  bucket: Bucket,
  key: string,
  call: Call,
  headers: Record<string, string>,
): Answer {
  const object = bucket.objects.get(key);
  if (!object) {
    // Who may not list may not learn that a key is not there.
    call.authorize({
      action: 's3:ListBucket',
      resource: `arn:aws:s3:::${bucket.name}`,
      resourceAccount: bucket.account,
      ...(bucket.policy ? { resourcePolicy: bucket.policy } : {}),
    });
    throw new AwsError('NoSuchKey', 404, 'The specified key does not exist.');
  }
  return {
    status: 200,
    headers: {
      ...headers,
      'content-type': object.contentType,
      'content-length': String(object.body.length),
      'last-modified': new Date(object.modifiedAt).toUTCString(),
      etag: object.etag,
    },
    body: request.method === 'HEAD' ? '' : object.body,
  };
}

function putObject(
  request: SignedRequest,
  bucket: Bucket,
  key: string,
  now: number,
  headers: Record<string, string>,
): Answer {
  const chunked = request.headers['x-amz-content-sha256']?.startsWith('STREAMING-') ?? false;
  const body = chunked ? unchunk(request.body) : request.body;
  const object = storedObject(body, request.headers['content-type'] ?? 'binary/octet-stream', now);
  bucket.objects.set(key, object);
  return { status: 200, headers: { ...headers, etag: object.etag }, body: '' };
}

/** The bytes of an `aws-chunked` body; its trailing checksum is not looked at. */
function unchunk(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, Math.max(at, lineEnd)).toString('latin1'), 16);
    if (lineEnd < 0 || Number.isNaN(size) || lineEnd + 2 + size > body.length)
      throw new AwsError('IncompleteBody', 400, 'The request body is not well-formed aws-chunked.');
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

export const s3Error = (error: AwsError, request: SignedRequest, requestId: string): Answer => ({
  status: error.status,
  headers: { 'content-type': 'application/xml', 'x-amz-request-id': requestId },
  body:
    request.method === 'HEAD'
      ? ''
      : xml('Error', {
          Code: error.code,
          Message: error.message,
          Resource: request.path,
          RequestId: requestId,
        }),
});
