import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { newLeaseId, newTaskId } from '../../../src/kernel/id.js';
import { listen, hangUp } from '../../../src/sandbox/vault/listen.js';
import { providerContract } from '../../contract/provider.js';
import { worldApart } from '../../fake/provider-world.js';
import type { Breakage, OpenProvider } from '../../contract/provider.js';
import { badges } from './example-provider.js';

// The provider that docs/adding-a-provider.md shows, and a badge service for it: what the page says is held by the
// suite that it speaks of.

const upstreamText = 'the porter says no';

const breaking: Record<Breakage, (res: ServerResponse) => void> = {
  gone: (res) => void res.destroy(),
  failing: (res) => void res.writeHead(500).end(),
  silent: () => {},
  refusing: (res) => void res.writeHead(403).end(upstreamText),
  throttling: (res) => void res.writeHead(429).end(),
  nonsense: (res) => void res.writeHead(200).end('<html>'),
};

async function startBadgeService() {
  const secrets = new Map<string, string>();
  let calls = 0;
  let broken: Breakage | undefined;
  let losing = 0;
  const server = createServer((req, res) => {
    calls++;
    if (broken) return breaking[broken](res);
    let text = '';
    req.on('data', (chunk) => (text += String(chunk)));
    req.on('end', () => {
      const badge = (req.url ?? '').split('/')[2] ?? '';
      const existed = secrets.has(badge);
      if (req.method === 'PUT') secrets.set(badge, randomBytes(16).toString('hex'));
      if (req.method === 'DELETE') secrets.delete(badge);
      if (losing > 0 && --losing === 0) return void res.destroy();
      if (req.method === 'DELETE' && !existed) return void res.writeHead(404).end('no such badge');
      const { ttlSeconds = 0 } = text === '' ? {} : (JSON.parse(text) as { ttlSeconds?: number });
      const endsAt = new Date(Date.now() + ttlSeconds * 1000 - 1).toISOString();
      res.end(req.method === 'PUT' ? JSON.stringify({ secret: secrets.get(badge), endsAt }) : '');
    });
  });
  const url = await listen(server);
  return {
    url,
    secrets,
    calls: () => calls,
    break: (how: Breakage) => (broken = how),
    lose: (nth: number) => (losing = nth),
    connections: () =>
      new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count))),
    close: () => hangUp(server),
  };
}

providerContract('the example of docs/adding-a-provider.md', async (): Promise<OpenProvider<unknown>> => {
  const service = await startBadgeService();
  const settings = badges.settings.parse({ address: service.url, timeout: '1s' });
  const provider = badges.open('badges', settings, worldApart);
  return {
    provider: provider as OpenProvider<unknown>['provider'],
    order: () => {
      const taskId = newTaskId();
      return {
        ...{ leaseId: newLeaseId(taskId), taskId, agent: 'agent:a', entry: 'front-door' },
        ...{ scope: badges.scope.parse({ door: 'front' }), ttlSeconds: 600, ceilingSeconds: 600 },
      };
    },
    works: async ({ secret }) => [...service.secrets.values()].includes(String(secret)),
    canaries: [],
    calls: service.calls,
    break: async (how) => void service.break(how),
    upstreamText,
    loseAnswer: async (nth) => void service.lose(nth),
    alive: async ({ leaseId }) => (service.secrets.has(leaseId) ? 1 : 0),
    connections: service.connections,
    close: service.close,
  };
});
