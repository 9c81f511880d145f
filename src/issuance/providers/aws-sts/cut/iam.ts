import {
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  DeleteRolePolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  type IAMClientConfig,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
  SetDefaultPolicyVersionCommand,
} from '@aws-sdk/client-iam';
import { inTime } from '../client.js';
import { refusalOf } from '../refusal.js';

/** An answer, and what the `Date` header of its last page said: milliseconds, on the clock of AWS, to the second. */
export interface Dated<T> {
  readonly value: T;
  readonly date: number | undefined;
}

export interface PolicyVersion {
  readonly id: string;
  readonly isDefault: boolean;
}

/** The calls of IAM that cutting off needs. All throw Faults and nothing else; documents are plain JSON text. */
export interface IamCalls {
  roleArn(roleName: string): Promise<string | undefined>;
  listRolePolicies(roleName: string): Promise<Dated<readonly string[]>>;
  /** Undefined when there is no such policy. */
  rolePolicy(roleName: string, policyName: string): Promise<string | undefined>;
  putRolePolicy(roleName: string, policyName: string, document: string): Promise<void>;
  /** What is gone already is no failure. */
  deleteRolePolicy(roleName: string, policyName: string): Promise<void>;
  policyVersions(policyArn: string): Promise<Dated<readonly PolicyVersion[]>>;
  policyVersion(policyArn: string, versionId: string): Promise<string | undefined>;
  createPolicyVersion(policyArn: string, document: string): Promise<string>;
  setDefaultVersion(policyArn: string, versionId: string): Promise<void>;
  deletePolicyVersion(policyArn: string, versionId: string): Promise<void>;
  close(): void;
}

export function openIam(config: IAMClientConfig, timeoutMs: number): IamCalls {
  const client = new IAMClient(config);
  const dates = datesOf(client);
  const inOurWords = (error: unknown) => refusalOf(error, 'IAM');
  const send: IAMClient['send'] = ((command: never) =>
    inTime(timeoutMs, (options) => client.send(command, options), inOurWords)) as IAMClient['send'];
  const orGone = <T>(answer: Promise<T>): Promise<T | undefined> =>
    answer.catch((fault: unknown) => {
      if (fault instanceof Error && 'reason' in fault && String(fault.reason).startsWith('NoSuchEntity'))
        return undefined;
      throw fault;
    });
  const decoded = (text: string | undefined) => (text === undefined ? undefined : decodeURIComponent(text));

  return {
    async roleArn(RoleName) {
      return (await send(new GetRoleCommand({ RoleName }))).Role?.Arn;
    },
    async listRolePolicies(RoleName) {
      const value: string[] = [];
      for (let Marker: string | undefined; ;) {
        const page = await send(new ListRolePoliciesCommand({ RoleName, Marker }));
        value.push(...(page.PolicyNames ?? []));
        if (page.IsTruncated !== true) return { value, date: dates.get(page) };
        Marker = page.Marker;
      }
    },
    async rolePolicy(RoleName, PolicyName) {
      return decoded(
        (await orGone(send(new GetRolePolicyCommand({ RoleName, PolicyName }))))?.PolicyDocument,
      );
    },
    async putRolePolicy(RoleName, PolicyName, PolicyDocument) {
      await send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
    },
    async deleteRolePolicy(RoleName, PolicyName) {
      await orGone(send(new DeleteRolePolicyCommand({ RoleName, PolicyName })));
    },
    async policyVersions(PolicyArn) {
      const page = await send(new ListPolicyVersionsCommand({ PolicyArn }));
      const value = (page.Versions ?? []).flatMap(({ VersionId, IsDefaultVersion }) =>
        VersionId === undefined ? [] : [{ id: VersionId, isDefault: IsDefaultVersion === true }],
      );
      return { value, date: dates.get(page) };
    },
    async policyVersion(PolicyArn, VersionId) {
      const answer = await orGone(send(new GetPolicyVersionCommand({ PolicyArn, VersionId })));
      return decoded(answer?.PolicyVersion?.Document);
    },
    async createPolicyVersion(PolicyArn, PolicyDocument) {
      const answer = await send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument }));
      return answer.PolicyVersion?.VersionId ?? '';
    },
    async setDefaultVersion(PolicyArn, VersionId) {
      await send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId }));
    },
    async deletePolicyVersion(PolicyArn, VersionId) {
      await orGone(send(new DeletePolicyVersionCommand({ PolicyArn, VersionId })));
    },
    close: () => client.destroy(),
  };
}

/** What the `Date` header of each answer said, by the answer; the SDK itself throws it away. */
function datesOf(client: IAMClient): WeakMap<object, number> {
  const dates = new WeakMap<object, number>();
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { headers?: Record<string, string> };
      const date = Date.parse(headers?.['date'] ?? '');
      if (result.output && !Number.isNaN(date)) dates.set(result.output, date);
      return result;
    },
    { step: 'deserialize', name: 'rememberDate', priority: 'high' },
  );
  return dates;
}
