import { setTimeout as wait } from 'node:timers/promises';
import { inspect } from 'node:util';
import { expect } from '@jest/globals';
import type { Handle, Issued, Order, Provider } from '../../src/issuance/provider.js';
import { Fault, type FaultCode } from '../../src/kernel/fault.js';

/** Issues, keeping every handle in the order it became durable; `stored` sees them even when issuing fails. */
export async function issue<Scope>(provider: Provider<Scope>, order: Order<Scope>, stored: Handle[] = []) {
  const plan = provider.plan(order);
  const issued = await provider.issue(order, plan, async (better) => {
    stored.push(better);
  });
  const handles = [plan, ...stored];
  return { issued, handles, last: handles.at(-1) ?? plan };
}

export const effectOf = <Scope>(provider: Provider<Scope>, order: Order<Scope>, issued: Issued) =>
  issued.effect ?? provider.effect(order.scope);

/** Asks again while the answer is `pending`, as the worker does but sooner. */
export async function revokeFully<Scope>(provider: Provider<Scope>, handle: Handle) {
  let { is } = await provider.revoke(handle);
  for (let asked = 0; is === 'pending' && asked < 100; asked++) {
    await wait(50);
    ({ is } = await provider.revoke(handle));
  }
  return is;
}

export async function eventually(look: () => Promise<number>, wanted: number): Promise<number> {
  let seen = await look();
  for (let looked = 0; seen !== wanted && looked < 100; looked++) {
    await wait(50);
    seen = await look();
  }
  return seen;
}

/** That the act fails with this fault, and shows nothing that the backend holds or said. */
export async function expectFault(
  { canaries, upstreamText }: { readonly canaries: readonly string[]; readonly upstreamText: string },
  code: FaultCode,
  act: () => Promise<unknown>,
) {
  const fault = await act().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(fault).toBeInstanceOf(Fault);
  if (!(fault instanceof Fault)) return;
  expect(fault.code).toBe(code);
  expect(fault.message).not.toContain(upstreamText);
  const everything = `${inspect(fault, { depth: Infinity, showHidden: true })} ${JSON.stringify(fault)}`;
  for (const canary of canaries) expect(everything).not.toContain(canary);
}

/** Every string in the value, however deep; short ones are names, not secrets. */
export function stringsOf(value: unknown, publicFields: readonly string[]): string[] {
  if (typeof value === 'string') return value.length >= 8 ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    publicFields.includes(key) ? [] : stringsOf(inner, publicFields),
  );
}
