import { leaseIdPattern, taskIdPattern } from '../../kernel/id.js';
import { membersOf, textOf } from '../formats/told.js';
import type { Use } from './use.js';

type Json = Readonly<Record<string, unknown>>;

/** `<prefix>.<task>.<lease>` and `<prefix>.<task>`, as the AWS provider names sessions and SourceIdentities. */
const marked = /^[^.]+\.([0-9A-Za-z]{8})(?:\.([0-9A-Za-z]{6}))?$/;

/**
 * The calls of assumed roles in what CloudTrail wrote: a file of its bucket (`{"Records": [...]}`), a list, or one event.
 * The calls of users and of AWS itself are none of ours and are left out.
 */
export function usesInCloudTrail(value: unknown): Use[] {
  const { Records: records } = membersOf(value);
  const events = Array.isArray(records) ? records : Array.isArray(value) ? value : [value];
  return events.flatMap((event) => useOf(membersOf(event)));
}

function useOf(event: Json): Use[] {
  const identity = membersOf(event['userIdentity']);
  const [, account, role, session] =
    /^arn:aws[\w-]*:sts::(\d{12}):assumed-role\/([^/]+)\/(.+)$/.exec(textOf(identity['arn']) ?? '') ?? [];
  const service = textOf(event['eventSource'])?.split('.')[0];
  const name = textOf(event['eventName']);
  if (role === undefined || session === undefined || service === undefined || name === undefined) return [];
  const context = membersOf(identity['sessionContext']);
  const source = textOf(identity['sourceIdentity']) ?? textOf(context['sourceIdentity']);
  const resource = resourceOf(event);
  return [
    {
      at: Date.parse(textOf(event['eventTime']) ?? ''),
      action: actionOf(service, name),
      ...(resource !== undefined && { resource }),
      // Chained roles have sessions of any name; the SourceIdentity stays with them.
      ...(idsIn(session) ?? (source === undefined ? {} : idsIn(source))),
      by: session,
      of: `${account}:${role}`,
      refused: event['errorCode'] !== undefined,
    },
  ];
}

function idsIn(name: string): { lease?: string; task: string } | undefined {
  const [, taskMark, leaseMark] = marked.exec(name) ?? [];
  if (taskMark === undefined) return undefined;
  const [task, lease] = [`tsk_${taskMark}`, `lse_${taskMark}${leaseMark ?? ''}`];
  if (!taskIdPattern.test(task)) return undefined;
  return leaseIdPattern.test(lease) ? { task, lease } : { task };
}

/** What CloudTrail calls otherwise than policies do (IAM: Actions, resources and condition keys for Amazon S3). */
const otherwise: Readonly<Record<string, string>> = {
  's3:ListObjects': 's3:ListBucket',
  's3:ListObjectsV2': 's3:ListBucket',
  's3:HeadBucket': 's3:ListBucket',
  's3:ListObjectVersions': 's3:ListBucketVersions',
  's3:HeadObject': 's3:GetObject',
  's3:CopyObject': 's3:PutObject',
  's3:CreateMultipartUpload': 's3:PutObject',
  's3:UploadPart': 's3:PutObject',
  's3:CompleteMultipartUpload': 's3:PutObject',
  's3:DeleteObjects': 's3:DeleteObject',
};

const actionOf = (service: string, name: string): string =>
  otherwise[`${service}:${name}`] ?? `${service}:${name}`;

function resourceOf(event: Json): string | undefined {
  const told = textOf(event['resource']);
  if (told !== undefined) return told;
  const { bucketName, key } = membersOf(event['requestParameters']);
  if (typeof bucketName === 'string')
    return `arn:aws:s3:::${bucketName}${typeof key === 'string' ? `/${key}` : ''}`;
  const listed: unknown[] = Array.isArray(event['resources']) ? event['resources'] : [];
  return listed.map((one) => textOf(membersOf(one)['ARN'])).find((arn) => arn !== undefined);
}
