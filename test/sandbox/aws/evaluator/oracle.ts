import { runSimulation } from '@cloud-copilot/iam-simulate';
import { evaluate } from '../../../../src/sandbox/aws/evaluator/evaluate.js';
import { parsePolicy } from '../../../../src/sandbox/aws/evaluator/policy.js';

export interface Case {
  readonly principal: { readonly arn: string; readonly account: string; readonly roleArn?: string };
  readonly action: string;
  readonly resource: string;
  readonly resourceAccount: string;
  readonly context: Readonly<Record<string, string>>;
  readonly identity: readonly object[];
  readonly session?: object;
  /** Scope-down policies, for our evaluator: the other one knows of none. */
  readonly scoped?: readonly object[];
  readonly boundary?: object;
  readonly resourcePolicy?: object;
  readonly trust?: object;
  readonly organization?: object;
}

const read = (policy: object) => parsePolicy(JSON.stringify(policy));

/** What our evaluator says. */
export function ours(of: Case): string {
  const { session, scoped, boundary, resourcePolicy, trust, organization, identity, context, ...request } =
    of;
  return evaluate(
    {
      ...request,
      context: new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value])),
    },
    {
      identity: identity.map(read),
      ...(session ? { session: [read(session)] } : {}),
      ...(scoped ? { scoped: scoped.map(read) } : {}),
      ...(boundary ? { boundary: read(boundary) } : {}),
      ...(organization ? { organization: [read(organization)] } : {}),
      ...(trust ? { trust: parsePolicy(JSON.stringify(trust), 'trust') } : {}),
      ...(resourcePolicy ? { resource: parsePolicy(JSON.stringify(resourcePolicy), 'resource') } : {}),
    },
  ).is;
}

const spelled: Record<string, string> = {
  Allowed: 'allowed',
  ExplicitlyDenied: 'explicitly_denied',
  ImplicitlyDenied: 'implicitly_denied',
};

/** What the independent evaluator says. */
export async function theirs(of: Case): Promise<string> {
  const named = (name: string, policy: object | undefined) => (policy ? [{ name, policy }] : []);
  const result = await runSimulation(
    {
      request: {
        principal: of.principal.arn,
        action: of.action,
        resource: { resource: of.resource, accountId: of.resourceAccount },
        contextVariables: { ...of.context },
      },
      sessionPolicy: of.session,
      identityPolicies: of.identity.map((policy, i) => ({ name: `p${i}`, policy })),
      serviceControlPolicies: of.organization
        ? [{ orgIdentifier: 'root', policies: named('scp', of.organization) }]
        : [],
      resourceControlPolicies: [],
      resourcePolicy: of.resourcePolicy ?? of.trust,
      ...(of.boundary ? { permissionBoundaryPolicies: named('boundary', of.boundary) } : {}),
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(JSON.stringify(result));
  return spelled[result.overallResult] ?? result.overallResult;
}
