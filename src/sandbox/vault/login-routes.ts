import type { Core, Route } from './core.js';
import { textOf } from './field.js';
import { ok, refuse } from './reply.js';
import { authOf } from './token-routes.js';

interface LoginRole {
  readonly policies: readonly string[];
  /** Life of the tokens; renewable up to `maximumTtlSeconds`. */
  readonly ttlSeconds: number;
  readonly maximumTtlSeconds?: number;
}

export interface AppRole extends LoginRole {
  readonly roleId: string;
  readonly secretId: string;
}

/** A service account that the cluster behind Vault would vouch for, and the role it is bound to. */
export interface ServiceAccount extends LoginRole {
  readonly role: string;
  /** The token in full. The cluster's TokenReview is not here: the token either is this one or it is not. */
  readonly jwt: string;
}

/** `auth/approle/login` and `auth/kubernetes/login`. */
export function loginRoutes(
  core: Core,
  appRoles: readonly AppRole[],
  serviceAccounts: readonly ServiceAccount[],
): Route[] {
  const enter = (path: string, role: LoginRole, name: string) =>
    ok({
      auth: authOf(
        core,
        core.tokens.create({
          path,
          policies: ['default', ...role.policies],
          displayName: path.split('/')[1] ?? '',
          meta: { role_name: name },
          renewable: true,
          lifeMs: role.ttlSeconds * 1000,
          explicitMaxMs: (role.maximumTtlSeconds ?? 0) * 1000,
        }),
      ),
    });
  return [
    {
      method: 'POST',
      path: /^auth\/approle\/login$/,
      open: true,
      answer: ({ body, path }) => {
        const role = appRoles.find(
          ({ roleId, secretId }) =>
            roleId === textOf(body['role_id']) && secretId === textOf(body['secret_id']),
        );
        return role ? enter(path, role, role.roleId) : refuse(400, 'invalid role or secret ID');
      },
    },
    {
      method: 'POST',
      path: /^auth\/kubernetes\/login$/,
      open: true,
      answer: ({ body, path }) => {
        const account = serviceAccounts.find(({ role }) => role === textOf(body['role']));
        if (!account) return refuse(400, `invalid role name ${JSON.stringify(textOf(body['role']))}`);
        return account.jwt === textOf(body['jwt'])
          ? enter(path, account, account.role)
          : refuse(403, 'permission denied');
      },
    },
  ];
}
