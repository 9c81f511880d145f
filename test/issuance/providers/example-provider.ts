import { Agent, request } from 'undici';
import { z } from 'zod';
import { duration } from '../../../src/kernel/duration.js';
import { Fault } from '../../../src/kernel/fault.js';
import { Secret } from '../../../src/kernel/secret.js';
import { defineProvider } from '../../../src/issuance/provider.js';
import type { Order, Provider } from '../../../src/issuance/provider.js';

const settings = z.strictObject({
  address: z.url().describe('Address of the badge service.'),
  timeout: duration.default(5).describe('Longest wait for one call.'),
});
const scope = z.strictObject({
  door: z.string().min(1).describe('Door that the badge opens.'),
});
const made = z.object({ secret: z.string().min(1), endsAt: z.iso.datetime() });

type Settings = z.output<typeof settings>;
type Scope = z.output<typeof scope>;

export function openBadges(name: string, { address, timeout }: Settings): Provider<Scope> {
  const agent = new Agent();
  let closing: Promise<void> | undefined;

  /** The body of a good answer; any other, and none, is a Fault. What upstream said goes into the reason. */
  async function call(method: 'GET' | 'PUT' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const signal = AbortSignal.timeout(timeout * 1000);
    try {
      const answer = await request(`${address}${path}`, {
        ...{ dispatcher: agent, method, signal },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      if (answer.statusCode >= 300) throw refusal(answer.statusCode, text);
      return text === '' ? undefined : JSON.parse(text);
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (signal.aborted) throw new Fault('provider.timeout', 'The badge service did not answer in time.');
      if (error instanceof SyntaxError) throw nonsense();
      throw new Fault('provider.unavailable', 'The badge service cannot be reached.');
    }
  }

  return {
    name,
    kind: 'badges',
    minimumTtlSeconds: () => 60,
    maximumTtlSeconds: 86_400,
    effect: () => 'revoked_at_provider',
    // The service takes a name that we choose: so the handle is complete before anything exists.
    plan: ({ leaseId }: Order<Scope>) => ({ badge: leaseId }),
    async issue({ scope: { door }, ttlSeconds }, handle) {
      const answer = made.safeParse(await call('PUT', `/badges/${handle['badge']}`, { door, ttlSeconds }));
      if (!answer.success) throw nonsense();
      const { secret, endsAt } = answer.data;
      return { secret: new Secret({ secret }), expiresAt: Date.parse(endsAt) };
    },
    async revoke(handle) {
      await call('DELETE', `/badges/${handle['badge']}`).catch((error: unknown) => {
        // In these words only: a bare 404 is what a wrong address answers.
        if (!(error instanceof Fault && error.reason === '404 no such badge')) throw error;
      });
      return { is: 'revoked' };
    },
    async check() {
      await call('GET', '/health');
    },
    close: () => (closing ??= agent.destroy()),
  };
}

function refusal(status: number, said: string): Fault {
  const code = status === 429 ? 'throttled' : status >= 500 ? 'unavailable' : 'refused';
  return new Fault(`provider.${code}`, 'The badge service refused.', {
    reason: `${status} ${said.slice(0, 500)}`,
  });
}

const nonsense = () => new Fault('provider.nonsense', 'What answered is not the badge service.');

export const badges = defineProvider<Settings, Scope>({ kind: 'badges', settings, scope, open: openBadges });
