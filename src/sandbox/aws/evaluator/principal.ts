/** Who makes a request: a user, the session of a role, or the root of an account. */
export interface Principal {
  /** `arn:aws:iam::1:user/name`, `arn:aws:sts::1:assumed-role/role/session`, or `arn:aws:iam::1:root`. */
  readonly arn: string;
  /** 12 digits. */
  readonly account: string;
  /** The role of a session. */
  readonly roleArn?: string;
}

/** How a policy names a principal, from what gives most to what gives least. */
export const waysOfNaming = ['itself', 'everyone', 'role', 'account'] as const;
export type NamedAs = (typeof waysOfNaming)[number];

/** Undefined when the `Principal` element does not cover the principal; else the way that gives most. */
export function namedAs(principal: Principal, names: readonly string[]): NamedAs | undefined {
  if (names.includes(principal.arn)) return 'itself';
  if (names.includes('*')) return 'everyone';
  if (principal.roleArn !== undefined && names.includes(principal.roleArn)) return 'role';
  const account = [principal.account, `arn:aws:iam::${principal.account}:root`];
  return account.some((name) => names.includes(name)) ? 'account' : undefined;
}
