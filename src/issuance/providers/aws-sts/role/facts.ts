import {
  type ContextEntry,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import { type PolicyDocument, readDocument } from './document.js';

/** What could not be read, with what AWS said to it. */
export interface Unknown {
  readonly unknown: string;
}
export type Known<T> = T | Unknown;

export const isUnknown = <T extends object>(value: Known<T>): value is Unknown => 'unknown' in value;

export interface NamedPolicy {
  /** Name of an inline policy, ARN of a managed one. */
  readonly name: string;
  /** Characters, white space not counted. */
  readonly size: number;
  readonly document: PolicyDocument | undefined;
}

/** One role as IAM shows it to the broker. */
export interface RoleFacts {
  readonly role: Known<{
    readonly trust: PolicyDocument | undefined;
    readonly maxSessionSeconds: number;
    readonly boundaryArn: string | undefined;
  }>;
  readonly inline: Known<readonly NamedPolicy[]>;
  readonly attached: Known<readonly NamedPolicy[]>;
  readonly boundary: Known<NamedPolicy> | undefined;
}

/** Reads one role, as far as the caller may. */
export async function roleFacts(iam: IAMClient, roleArn: string): Promise<RoleFacts> {
  const RoleName = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  const role = await known(async () => {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    if (Role?.Arn !== roleArn) throw new Error(`the role of this name is ${Role?.Arn ?? 'not there'}`);
    return {
      trust: readDocument(Role.AssumeRolePolicyDocument),
      maxSessionSeconds: Role.MaxSessionDuration ?? 3600,
      boundaryArn: Role.PermissionsBoundary?.PermissionsBoundaryArn,
    };
  });
  const boundaryArn = isUnknown(role) ? undefined : role.boundaryArn;
  return {
    role,
    inline: await known(() => inlinePolicies(iam, RoleName)),
    attached: await known(() => attachedPolicies(iam, RoleName)),
    boundary: boundaryArn === undefined ? undefined : await known(() => managed(iam, boundaryArn)),
  };
}

async function inlinePolicies(iam: IAMClient, RoleName: string): Promise<readonly NamedPolicy[]> {
  const policies: NamedPolicy[] = [];
  for (let Marker: string | undefined; ;) {
    const page = await iam.send(new ListRolePoliciesCommand({ RoleName, Marker }));
    for (const PolicyName of page.PolicyNames ?? []) {
      const { PolicyDocument: text } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      policies.push(named(PolicyName, text));
    }
    if (!page.IsTruncated) return policies;
    Marker = page.Marker;
  }
}

async function attachedPolicies(iam: IAMClient, RoleName: string): Promise<readonly NamedPolicy[]> {
  const policies: NamedPolicy[] = [];
  for (let Marker: string | undefined; ;) {
    const page = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName, Marker }));
    for (const { PolicyArn = '' } of page.AttachedPolicies ?? [])
      policies.push(await managed(iam, PolicyArn));
    if (!page.IsTruncated) return policies;
    Marker = page.Marker;
  }
}

async function managed(iam: IAMClient, PolicyArn: string): Promise<NamedPolicy> {
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  const VersionId = Policy?.DefaultVersionId;
  const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
  return named(PolicyArn, PolicyVersion?.Document);
}

const named = (name: string, encoded = ''): NamedPolicy => ({
  name,
  size: decodeURIComponent(encoded).replace(/\s/g, '').length,
  document: readDocument(encoded),
});

/** Which of the actions the broker may do, as IAM itself simulates it. */
export function simulated(
  iam: IAMClient,
  broker: string,
  rights: readonly { readonly actions: readonly string[]; readonly resource: string }[],
  boundaryArn: string | undefined,
): Promise<Known<ReadonlyMap<string, boolean>>> {
  return known(async () => {
    const PolicySourceArn = await sourceOf(iam, broker);
    const decided = new Map<string, boolean>();
    for (const { actions, resource } of rights) {
      const { EvaluationResults = [] } = await iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn,
          ActionNames: [...actions],
          ResourceArns: [resource],
          ...(boundaryArn !== undefined && { ContextEntries: [boundaryEntry(boundaryArn)] }),
        }),
      );
      for (const { EvalActionName = '', EvalDecision } of EvaluationResults)
        decided.set(EvalActionName, EvalDecision === 'allowed');
    }
    return decided;
  });
}

const boundaryEntry = (arn: string): ContextEntry => ({
  ContextKeyName: 'iam:PermissionsBoundary',
  ContextKeyType: 'string',
  ContextKeyValues: [arn],
});

/** IAM simulates users and roles; the ARN of a session has lost the path of its role. */
async function sourceOf(iam: IAMClient, broker: string): Promise<string> {
  const name = /^arn:[^:]*:sts::\d{12}:assumed-role\/([^/]+)\//.exec(broker)?.[1];
  if (name === undefined) return broker;
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: name }));
  return Role?.Arn ?? broker;
}

/** What AWS refuses is a fact as well; it never stops the rest. */
async function known<T extends object>(read: () => Promise<T>): Promise<Known<T>> {
  try {
    return await read();
  } catch (error) {
    const { name, message } = error as Error;
    return { unknown: `${name}: ${message}`.slice(0, 300) };
  }
}
