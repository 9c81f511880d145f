import { afterEach } from '@jest/globals';
import type { Handle, Order, Provider } from '../../../../src/issuance/provider.js';
import { openVault } from '../../../../src/issuance/providers/vault/index.js';
import type { VaultScope } from '../../../../src/issuance/providers/vault/scope.js';
import { settings } from '../../../../src/issuance/providers/vault/settings.js';
import type { VaultStandInOptions } from '../../../../src/sandbox/vault/stand-in.js';
import { lookupAnswer, startRawVault, type Heard, type Said } from './raw-vault.js';
import { parseSettings, startSeeded } from './stand-in-broker.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
export const closed = (...close: (() => Promise<void>)[]) => void closing.push(...close);

export async function open(more: Record<string, unknown> = {}, options: VaultStandInOptions = {}) {
  const vault = await startSeeded(options);
  const provider = openVault('vault', parseSettings(vault, more));
  closing.push(
    () => vault.close(),
    () => provider.close(),
  );
  return { vault, provider };
}

export async function openRaw(answer: (heard: Heard) => Said, more: Record<string, unknown> = {}) {
  const raw = await startRawVault((heard) =>
    heard.path === 'auth/token/lookup-self' ? lookupAnswer : answer(heard),
  );
  const auth = { method: 'token', token: 'hvs.broker-token-0123456789' };
  const provider = openVault('vault', settings.parse({ address: raw.url, auth, ...more }));
  closing.push(raw.close, () => provider.close());
  return { raw, provider };
}

/** Issues, and says what had been called when each handle was learned. */
export async function issue(
  provider: Provider<VaultScope>,
  order: Order<VaultScope>,
  calls: () => number = () => 0,
) {
  const learned: { handle: Handle; calls: number }[] = [];
  const issued = await provider.issue(order, provider.plan(order), async (handle) => {
    learned.push({ handle, calls: calls() });
  });
  return { issued, secret: issued.secret.reveal(), learned, last: learned.at(-1)!.handle };
}
