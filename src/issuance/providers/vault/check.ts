import { Fault } from '../../../kernel/fault.js';
import type { AsBroker } from './as-broker.js';
import { unintelligible } from './login.js';

/** Throws the Fault that issuing or revoking would meet: Vault away or sealed, no login, or a right missing. */
export async function checkRights(asBroker: AsBroker, tokenRole: string | undefined): Promise<void> {
  const act = 'tell the rights of the broker';
  const paths = [
    tokenRole === undefined ? 'auth/token/create-orphan' : `auth/token/create/${tokenRole}`,
    'auth/token/renew-accessor',
    'sys/leases/renew',
    'sys/leases/revoke',
    'auth/token/revoke-accessor',
    'auth/token/lookup-accessor',
  ];
  const { body } = await asBroker({ act, method: 'POST', path: 'sys/capabilities-self', body: { paths } });
  const data = typeof body['data'] === 'object' && body['data'] !== null ? body['data'] : body;
  for (const path of paths) {
    const rights: unknown = (data as Record<string, unknown>)[path];
    if (!Array.isArray(rights)) throw unintelligible(act);
    if (rights.includes('root') || rights.includes('update')) continue;
    throw new Fault('provider.refused', 'The broker lacks a right in Vault that it cannot do without.', {
      reason: `the broker's policies lack "update" on ${path}`,
    });
  }
}
