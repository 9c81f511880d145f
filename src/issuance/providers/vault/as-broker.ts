import type { BrokerToken } from './broker-token.js';
import { refusalOf } from './answer.js';
import type { Answered, Call, VaultClient } from './client.js';

/** A call with the broker's own token. */
export type AsBroker = (call: Omit<Call, 'token'>) => Promise<Answered>;

/** Brings the broker's token to each call, and logs in again once when Vault no longer knows it (403). */
export function asBrokerWith(client: VaultClient, keeper: BrokerToken): AsBroker {
  return async (call) => {
    const token = await keeper.current();
    try {
      return await client.call({ ...call, token });
    } catch (error) {
      if (refusalOf(error)?.status !== 403 || !(await keeper.refused(token))) throw error;
      return client.call({ ...call, token: await keeper.current() });
    }
  };
}
