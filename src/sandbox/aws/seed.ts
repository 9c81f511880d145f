/** What the stand-in knows when it starts. Policies are documents of IAM, as JSON values. */
export interface AwsSeed {
  readonly accounts: readonly AccountSeed[];
}

export interface AccountSeed {
  /** 12 digits. */
  readonly id: string;
  readonly users?: readonly UserSeed[];
  readonly roles?: readonly RoleSeed[];
  readonly buckets?: readonly BucketSeed[];
  /** Managed policies by name; their ARN is `arn:aws:iam::<account>:policy/<name>`. */
  readonly managedPolicies?: Readonly<Record<string, object>>;
}

export interface UserSeed {
  readonly name: string;
  readonly accessKeys: readonly AccessKey[];
  /** Inline policies by name. */
  readonly policies?: Readonly<Record<string, object>>;
}

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface RoleSeed {
  readonly name: string;
  /** Begins and ends with a slash; `/` when left out. */
  readonly path?: string;
  readonly trust: object;
  /** Inline policies by name. */
  readonly policies?: Readonly<Record<string, object>>;
  /** ARNs of managed policies of the account. */
  readonly attachedPolicies?: readonly string[];
  /** ARN of a managed policy of the account. */
  readonly boundary?: string;
  /** 3,600 when left out, as at AWS. */
  readonly maxSessionSeconds?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface BucketSeed {
  readonly name: string;
  readonly policy?: object;
  /** Text by key. */
  readonly objects?: Readonly<Record<string, string>>;
}
