import { isoSeconds } from './authorize.js';
import { AwsError } from './aws-error.js';
import type { Bucket } from './world.js';
import { xml } from './xml.js';

/** The answer of ListObjectsV2: keys under the prefix in order, those beyond a delimiter rolled up, in pages. */
export function listObjects(bucket: Bucket, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const most = Math.min(1000, Number(query.get('max-keys') ?? 1000));
  if (!Number.isInteger(most) || most < 0)
    throw new AwsError('InvalidArgument', 400, 'Provided max-keys not an integer or within integer range');
  const token = query.get('continuation-token') ?? undefined;
  const after = token === undefined ? (query.get('start-after') ?? '') : decode(token);
  const encode = query.get('encoding-type') === 'url' ? encodeKey : (text: string) => text;

  const all = entriesOf([...bucket.objects.keys()].toSorted(), prefix, delimiter).filter(
    (name) => name > after,
  );
  const page = all.slice(0, most);
  const truncated = all.length > most;
  const isCommon = (name: string) => delimiter !== '' && name.slice(prefix.length).includes(delimiter);
  return xml(
    'ListBucketResult',
    {
      Name: bucket.name,
      Prefix: encode(prefix),
      Delimiter: delimiter ? encode(delimiter) : undefined,
      StartAfter: query.get('start-after') ?? undefined,
      ContinuationToken: token,
      NextContinuationToken: truncated ? Buffer.from(page.at(-1) ?? '').toString('base64') : undefined,
      KeyCount: page.length,
      MaxKeys: most,
      EncodingType: query.get('encoding-type') ?? undefined,
      IsTruncated: truncated,
      Contents: page
        .filter((name) => !isCommon(name))
        .map((key) => ({ key, object: bucket.objects.get(key) }))
        .map(({ key, object }) => ({
          Key: encode(key),
          LastModified: isoSeconds(object?.modifiedAt ?? 0),
          ETag: object?.etag,
          Size: object?.body.length ?? 0,
          StorageClass: 'STANDARD',
        })),
      CommonPrefixes: page.filter(isCommon).map((name) => ({ Prefix: encode(name) })),
    },
    'http://s3.amazonaws.com/doc/2006-03-01/',
  );
}

/** Keys under the prefix, each cut after the delimiter, without repetition. */
function entriesOf(keys: readonly string[], prefix: string, delimiter: string): readonly string[] {
  const names = keys
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      return end < 0 ? key : key.slice(0, end + delimiter.length);
    });
  return [...new Set(names)];
}

const decode = (token: string): string => Buffer.from(token, 'base64').toString();
const encodeKey = (key: string): string => encodeURIComponent(key).replaceAll('%2F', '/');
