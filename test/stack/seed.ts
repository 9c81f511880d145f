import { documentedPolicies, entryPolicies } from '../issuance/providers/vault/stand-in-broker.js';
import type { OpenBao } from './openbao.js';
import type { Postgres } from './postgres.js';

/** Policies as documented, a token role, a KV value and a database role whose users may read one table. */
export async function seedOpenBao(openbao: OpenBao, postgres: Postgres): Promise<void> {
  for (const [name, policy] of Object.entries({ ...documentedPolicies(), ...entryPolicies }))
    await openbao.write(`sys/policies/acl/${name}`, { policy });
  await openbao.write('auth/token/roles/protem', {
    allowed_policies: Object.keys(entryPolicies),
    orphan: true,
    renewable: true,
    token_type: 'service',
  });
  await openbao.write('secret/data/app', { data: { password: 'kv-two-password' } });

  postgres.sql("create table report (line text); insert into report values ('forty-two')");
  await openbao.write('sys/mounts/database', { type: 'database' });
  await openbao.write('database/config/reports', {
    plugin_name: 'postgresql-database-plugin',
    connection_url: `postgresql://{{username}}:{{password}}@127.0.0.1:${postgres.port}/postgres?sslmode=disable`,
    username: postgres.admin.username,
    password: postgres.admin.password,
    allowed_roles: '*',
  });
  await openbao.write('database/roles/reports', {
    db_name: 'reports',
    creation_statements: [
      `create role "{{name}}" with login password '{{password}}' valid until '{{expiration}}'`,
      `grant select on report to "{{name}}"`,
    ],
    default_ttl: '1h',
    max_ttl: '24h',
  });
}
