import { createHash, randomInt } from 'node:crypto';
import { parsePolicy, type Policy } from './evaluator/policy.js';
import { type Spreading, spreading } from './spreading.js';
import type { AccountSeed, AwsSeed, BucketSeed, RoleSeed, UserSeed } from './seed.js';

/** A policy as it was written and as it is evaluated. */
export interface Document {
  readonly text: string;
  readonly policy: Policy;
}

export interface Role {
  readonly account: string;
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** `AROA` and 17 characters. */
  readonly id: string;
  readonly trust: Document;
  /** Inline policies, by name; the only part of a role that changes. */
  readonly inline: Spreading<ReadonlyMap<string, Document>>;
  readonly attached: readonly ManagedPolicy[];
  readonly boundary: ManagedPolicy | undefined;
  readonly maxSessionSeconds: number;
  readonly tags: ReadonlyMap<string, string>;
  readonly createdAt: number;
}

/** A customer managed policy: its versions, and which of them is in force. */
export interface ManagedPolicy {
  readonly arn: string;
  readonly versions: Map<string, Document>;
  readonly current: Spreading<string>;
  nextVersion: number;
}

export interface User {
  readonly account: string;
  readonly name: string;
  readonly arn: string;
  readonly id: string;
  readonly policies: readonly Policy[];
}

/** One AssumeRole, or one slice of such a session. Times are milliseconds since the epoch, on whole seconds. */
export interface Session {
  readonly role: Role;
  readonly name: string;
  readonly arn: string;
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly sourceIdentity: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  readonly transitiveTags: ReadonlySet<string>;
  /** Undefined: no session policy was given, so nothing is narrowed. */
  readonly policies: readonly Policy[] | undefined;
  /** The policies of the GetScopedCredentials calls that led to it, oldest first. */
  readonly scopedDown: readonly Policy[];
}

export interface StoredObject {
  readonly body: Buffer;
  readonly contentType: string;
  readonly etag: string;
  readonly modifiedAt: number;
}

export interface Bucket {
  readonly name: string;
  readonly account: string;
  readonly policy: Policy | undefined;
  readonly objects: Map<string, StoredObject>;
}

/** The secret of an access key and whose it is. */
export interface Key {
  readonly secret: string;
  readonly owner: { readonly user: User } | { readonly session: Session };
}

/** How GetScopedCredentials behaves where AWS does not document it, or where it is not to be had. */
export interface Slicing {
  readonly there: boolean;
  /** Whether the calling session has to be allowed the action, or only not denied it. */
  readonly needsAllow: boolean;
  /** Whether `aws:TokenIssueTime` of a slice is the time of the call, or stays that of the calling session. */
  readonly issueTime: 'own' | 'inherited';
}

export interface World {
  /** By ARN. */
  readonly roles: ReadonlyMap<string, Role>;
  readonly managedPolicies: ReadonlyMap<string, ManagedPolicy>;
  readonly buckets: ReadonlyMap<string, Bucket>;
  readonly slicing: Slicing;
  /** By access key id; AssumeRole adds to it. */
  readonly keys: Map<string, Key>;
}

/** Throws MalformedPolicy when a document of the seed is none. */
export function worldOf(seed: AwsSeed, now: number, slicing: Slicing): World {
  const managedPolicies = new Map(
    seed.accounts.flatMap(({ id, managedPolicies: policies = {} }) =>
      Object.entries(policies).map(([name, policy]): [string, ManagedPolicy] => {
        const arn = `arn:aws:iam::${id}:policy/${name}`;
        return [
          arn,
          { arn, versions: new Map([['v1', read(policy)]]), current: spreading('v1'), nextVersion: 2 },
        ];
      }),
    ),
  );
  const roles = seed.accounts.flatMap((account) =>
    (account.roles ?? []).map((role) => roleOf(account, role, managedPolicies, now)),
  );
  const keys = seed.accounts.flatMap((account) =>
    (account.users ?? []).flatMap((user) => keysOf(account, user)),
  );
  const buckets = seed.accounts.flatMap(({ id, buckets: list = [] }) =>
    list.map((bucket) => bucketOf(id, bucket, now)),
  );
  return {
    roles: new Map(roles.map((role) => [role.arn, role])),
    managedPolicies,
    buckets: new Map(buckets.map((bucket) => [bucket.name, bucket])),
    slicing,
    keys: new Map(keys),
  };
}

function roleOf(
  { id: account }: AccountSeed,
  seed: RoleSeed,
  managed: ReadonlyMap<string, ManagedPolicy>,
  now: number,
): Role {
  const { name, path = '/', boundary } = seed;
  return {
    account,
    name,
    path,
    arn: `arn:aws:iam::${account}:role${path}${name}`,
    id: uniqueId('AROA', 17),
    trust: { text: JSON.stringify(seed.trust), policy: parsePolicy(JSON.stringify(seed.trust), 'trust') },
    inline: spreading(
      new Map(Object.entries(seed.policies ?? {}).map(([key, policy]) => [key, read(policy)])),
    ),
    attached: (seed.attachedPolicies ?? []).map((arn) => known(managed, arn)),
    boundary: boundary === undefined ? undefined : known(managed, boundary),
    maxSessionSeconds: seed.maxSessionSeconds ?? 3600,
    tags: new Map(Object.entries(seed.tags ?? {})),
    createdAt: now,
  };
}

function keysOf({ id: account }: AccountSeed, seed: UserSeed): [string, Key][] {
  const user: User = {
    account,
    name: seed.name,
    arn: `arn:aws:iam::${account}:user/${seed.name}`,
    id: uniqueId('AIDA', 17),
    policies: Object.values(seed.policies ?? {}).map((policy) => read(policy).policy),
  };
  return seed.accessKeys.map(({ accessKeyId, secretAccessKey }) => [
    accessKeyId,
    { secret: secretAccessKey, owner: { user } },
  ]);
}

function bucketOf(account: string, { name, policy, objects = {} }: BucketSeed, now: number): Bucket {
  return {
    name,
    account,
    policy: policy && parsePolicy(JSON.stringify(policy), 'resource'),
    objects: new Map(
      Object.entries(objects).map(([key, text]) => [key, storedObject(Buffer.from(text), 'text/plain', now)]),
    ),
  };
}

export const storedObject = (body: Buffer, contentType: string, now: number): StoredObject => ({
  body,
  contentType,
  etag: `"${createHash('md5').update(body).digest('hex')}"`,
  modifiedAt: now,
});

function read(policy: object): Document {
  const text = JSON.stringify(policy);
  return { text, policy: parsePolicy(text) };
}

function known(managed: ReadonlyMap<string, ManagedPolicy>, arn: string): ManagedPolicy {
  const document = managed.get(arn);
  if (!document) throw new Error(`the seed has no managed policy ${arn}`);
  return document;
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** An identifier as AWS makes them: a prefix that tells the kind, and random base-32 characters. */
export function uniqueId(prefix: string, length: number): string {
  let id = prefix;
  for (let i = 0; i < length; i++) id += base32[randomInt(32)];
  return id;
}
