import type { Core, Route } from './core.js';
import { ok, refuse } from './reply.js';

type Data = Readonly<Record<string, unknown>>;

export interface DatabaseRole {
  readonly ttlSeconds: number;
  /** 24 h when absent. */
  readonly maximumTtlSeconds?: number;
}

/** The KV engines at `kv/` (version 1) and `secret/` (version 2), to be read; both are filled at the start. */
export function kvRoutes(
  version1: Readonly<Record<string, Data>>,
  version2: Readonly<Record<string, Data>>,
): Route[] {
  const filledAt = new Date().toISOString();
  const missing = { status: 404, body: { errors: [] } };
  return [
    {
      method: 'GET',
      path: /^kv\/(.+)$/,
      answer: ({ captured: [name = ''] }) => {
        const data = version1[name];
        return data ? ok({ data, lease_duration: 2_764_800 }) : missing;
      },
    },
    {
      method: 'GET',
      path: /^secret\/data\/(.+)$/,
      answer: ({ captured: [name = ''] }) => {
        const data = version2[name];
        if (!data) return missing;
        const metadata = {
          created_time: filledAt,
          version: 1,
          destroyed: false,
          deletion_time: '',
          custom_metadata: null,
        };
        return ok({ data: { data, metadata } });
      },
    },
  ];
}

/** The database engine at `database/`: each read makes a user, who lives as long as the lease. */
export function databaseRoutes(core: Core, roles: Readonly<Record<string, DatabaseRole>>): Route[] {
  return [
    {
      method: 'GET',
      path: /^database\/creds\/([\w-]+)$/,
      answer: ({ captured: [name = ''], path, token }) => {
        const role = roles[name];
        if (!role) return refuse(400, `unknown role: ${name}`);
        const user = core.database.createUser(name);
        const life = {
          lifeMs: Math.min(role.ttlSeconds * 1000, token!.endsAt - core.clock()),
          maximumMs: (role.maximumTtlSeconds ?? 86_400) * 1000,
        };
        const lease = core.leases.register(path, token!.id, life, () =>
          core.database.dropUser(user.username),
        );
        return ok({ data: user, lease_id: lease.id, lease_duration: role.ttlSeconds, renewable: true });
      },
    },
  ];
}
